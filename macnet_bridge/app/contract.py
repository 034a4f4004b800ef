"""`R/bridge/B/schema`: the schemas of all payloads, for whoever finds the bridge at the broker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import msgspec

from macnet_bridge.broker import Outgoing
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.contract.json_schema import schema_document

log = logging.getLogger(__name__)

TRIES = 2
"""A broker for which it is too large may say so by ending the connection: that must not go on for ever."""


@cache
def schema_payload() -> bytes:
    """What is published: the document without spaces."""
    return msgspec.json.encode(schema_document(VERBS.values()))


class Contract:
    """Publishes the schemas at each connection, unless the broker does not take them: that is said once."""

    def __init__(self, topic: str, send: Callable[[Outgoing], bool]) -> None:
        """
        Args:
            send: publishes a message that is given up with its connection; False where it is refused.
        """
        self._topic = topic
        self._send = send
        self._failures = 0

    def publish(self) -> None:
        """Send the schemas, retained."""
        if self._failures >= TRIES:
            return
        if not self._send(Outgoing(self._topic, schema_payload(), 1, True, None, self._settled)):
            self._settled(False)

    def _settled(self, is_taken: bool) -> None:
        self._failures = 0 if is_taken else self._failures + 1
        if self._failures == TRIES:
            size = len(schema_payload())
            log.warning(
                "the broker did not take %s (%d bytes): too large or denied; all else goes on",
                self._topic,
                size,
            )
