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
        self._is_taken = True
        schema_payload()  # it takes some time, which stops should not have to wait for later

    def publish(self) -> None:
        """Send the schemas, retained."""
        if self._is_taken and not self._send(
            Outgoing(self._topic, schema_payload(), 1, True, None, self._settled)
        ):
            self._settled(False)

    def _settled(self, is_taken: bool) -> None:
        # Not once more: a broker of 3.1.1 for which it is too large ends the connection, and of one that
        # is ended again and again the driver thinks that another client has our id.
        self._is_taken = is_taken
        if not is_taken:
            size = len(schema_payload())
            log.warning(
                "%s (%d bytes) was not taken: too large or denied? All else goes on", self._topic, size
            )
