"""Looks at the broker: whether it lets the bridge in, and who else is at work there."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from macnet_bridge.app import unsafe, wiring
from macnet_bridge.app.config import Config
from macnet_bridge.app.data_dir import instance_of
from macnet_bridge.app.load import password
from macnet_bridge.app.namesake import described
from macnet_bridge.app.report import BrokerReport, Note, error, warning
from macnet_bridge.broker import Subscription, Visit, shown_url, visit
from macnet_bridge.errors import BrokerError, ConfigError
from macnet_bridge.payloads.status import BridgeStatus
from macnet_bridge.topics import Topics

T = TypeVar("T")

_RETAINED_S = 1.0


class _Owner(Struct, frozen=True):
    """Which bridge a retained message is of; the rest of it does not matter here."""

    bridge: str
    session: str


async def inspect_broker(config: Config, environment: Mapping[str, str]) -> BrokerReport:
    """Log in, see whether commands would come, and look for bridges that are at work."""
    mqtt = config.mqtt
    report = BrokerReport(url=shown_url(mqtt.url), username=mqtt.username)
    topics = Topics(mqtt.root, config.bridge.name)
    # With the bridge's own id we would throw it out.
    client_id = f"macnet-bridge-check-{secrets.token_hex(6)}"
    filters = [Topics(mqtt.root, "+").bridge_topic("status")]
    subscriptions = [Subscription(*pair) for pair in topics.command_filters(c.name for c in config.cycler)]
    filters += [topics.cycler_topic(cycler.name, "info") for cycler in config.cycler]
    try:
        settings = dataclasses.replace(
            wiring.broker_settings(config, password(config, environment)),
            client_id=client_id,
            session_expiry_s=0,
        )
        warnings = [warning(line) for line in unsafe.of_broker(mqtt)]
        found = await visit(settings, filters, linger_s=_RETAINED_S, subscriptions=subscriptions)
    except (BrokerError, ConfigError) as problem:
        return structs.replace(report, notes=[error(str(problem))])
    online = _online(found, topics)
    own = online.get(topics.bridge)
    namesake = own if own is not None and _is_another(own, config.bridge.data_dir) else None
    return structs.replace(
        report,
        protocol="5" if found.protocol == "5" else "3.1.1",
        running_since=own.since if own and not namesake else None,
        notes=[
            *([error(found.deaf)] if found.deaf else []),
            *warnings,
            *([_of_namesake(topics.bridge, namesake)] if namesake else []),
            *_of_other_bridges(found, topics, config, online),
        ],
    )


def _online(found: Visit, topics: Topics) -> dict[str, BridgeStatus]:
    """The bridges that say that they are there, by name."""
    online = {}
    prefix, _, suffix = Topics(topics.root, "+").bridge_topic("status").partition("+")
    for topic, payload in found.retained.items():
        status = _decoded(payload, BridgeStatus)
        if topic.startswith(prefix) and status is not None and status.state == "online":
            online[topic.removeprefix(prefix).removesuffix(suffix)] = status
    return online


def _is_another(status: BridgeStatus, data_dir: str) -> bool:
    """Whether a bridge of our name has another data directory than ours, as far as ours can be read."""
    instance = instance_of(data_dir)
    return instance is not None and status.instance != instance


def _of_namesake(name: str, other: BridgeStatus) -> Note:
    return warning(
        f"{described(name, other)}: with this configuration a bridge waits until that one is gone; "
        "give it another bridge.name, or the data_dir of that one if it is to follow it"
    )


def _of_other_bridges(
    found: Visit, topics: Topics, config: Config, online: dict[str, BridgeStatus]
) -> Iterator[Note]:
    if found.refused:
        yield warning(f"{found.refused}; whether another bridge is at work cannot be seen")
    for cycler in config.cycler:
        owner = _decoded(found.retained.get(topics.cycler_topic(cycler.name, "info"), b""), _Owner)
        if owner is None or owner.bridge == topics.bridge or owner.bridge not in online:
            continue
        if online[owner.bridge].session == owner.session:
            yield warning(
                f"the bridge {owner.bridge} serves {cycler.name} already: "
                "both would carry out every command; stop one of them"
            )


def _decoded(payload: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # whatever else lies on that topic is no bridge's
