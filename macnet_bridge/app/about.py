"""What the bridge tells of itself: its status and its information, both retained."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from macnet_bridge import __version__
from macnet_bridge.app.config import Config
from macnet_bridge.broker import Outgoing
from macnet_bridge.commands.verbs import verb_names
from macnet_bridge.payloads.status import SCHEMA_VERSION, BridgeInfo, BridgeStatus
from macnet_bridge.telemetry.publisher import Identity
from macnet_bridge.topics import Scope, Topics


class About:
    """Messages about one run of the bridge."""

    def __init__(
        self, topics: Topics, identity: Identity, config: Config, *, since: float, instance: str
    ) -> None:
        """
        Args:
            since: Unix time at which the run began.
            instance: of the data directory.
        """
        self._topics = topics
        self._identity = identity
        self._config = config
        self._since = since
        self._instance = instance

    def status(
        self,
        state: Literal["online", "offline"],
        reason: str | None = None,
        not_served: Mapping[str, str] | None = None,
    ) -> Outgoing:
        """`R/bridge/B/status`

        Args:
            not_served: cyclers that are left to another bridge, and its name.
        """
        status = BridgeStatus(
            state=state,
            session=self._identity.session,
            since=round(self._since if state == "online" else time.time(), 3),
            instance=self._instance,
            reason=reason or UNSET,
            not_served=dict(not_served) if not_served else UNSET,
        )
        return Outgoing(self._topics.bridge_topic("status"), msgspec.json.encode(status), 1, True)

    def info(self, protocol: str | None) -> Outgoing:
        """`R/bridge/B/info`

        Args:
            protocol: "5", or "4" for MQTT 3.1.1.
        """
        info = BridgeInfo(
            bridge=self._identity.bridge,
            session=self._identity.session,
            version=__version__,
            schema_version=SCHEMA_VERSION,
            protocol="5" if protocol == "5" else "3.1.1",
            run=self._identity.run,
            cyclers=[cycler.name for cycler in self._config.cycler],
            verbs={scope.value: verb_names(scope) for scope in Scope},
            config=without_secrets(self._config),
        )
        return Outgoing(self._topics.bridge_topic("info"), msgspec.json.encode(info), 1, True)


def without_secrets(config: Config) -> dict[str, Any]:
    """The configuration as published: without passwords, users, and where keys lie."""
    shown: dict[str, Any] = msgspec.to_builtins(config)
    for key in ("password_file", "password_env", "username", "key_file", "cert_file", "ca_file"):
        shown["mqtt"].pop(key, None)
    for cycler in shown["cycler"]:
        for key in ("user", "password_env"):
            cycler.pop(key, None)
    return shown
