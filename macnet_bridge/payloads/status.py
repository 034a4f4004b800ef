"""Status and information of the bridge and of its cyclers, all retained."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

SCHEMA_VERSION = 1


class BridgeStatus(Struct, frozen=True, kw_only=True):
    """`R/bridge/B/status`; the offline one is the will.

    Attributes:
        instance: which data directory the bridge runs on. Another one under the same name is another
            bridge.
        not_served: configured cyclers that are left to another bridge, and its name.
    """

    state: Literal["online", "offline"]
    session: str
    since: float
    instance: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    not_served: dict[str, str] | UnsetType = UNSET


class BridgeInfo(Struct, frozen=True, kw_only=True):
    """`R/bridge/B/info`."""

    bridge: str
    session: str
    version: str
    schema_version: int
    protocol: str
    run: int
    cyclers: list[str]
    verbs: dict[str, list[str]]
    config: dict[str, Any]


class CyclerStatus(Struct, frozen=True, kw_only=True):
    """`R/C/status`. `degraded`: it answers, but late, partly, or refuses a function."""

    bridge: str
    session: str
    state: Literal["online", "degraded", "offline"]
    reason: str | None
    last_ok: float | None
    clock_offset_second: float | None
    missing_functions: dict[str, str]
    oddities: list[str]


class SharedSpecification(Struct, frozen=True, kw_only=True):
    """The specification that some channels have in common, MacNet (3, 1)."""

    channels: list[int]
    specification: dict[str, Any]


class SharedInputs(Struct, frozen=True, kw_only=True):
    """Units of auxiliary inputs that some channels have in common, MacNet (4, 5)."""

    channels: list[int]
    units: list[str]


class CyclerInfo(Struct, frozen=True, kw_only=True):
    """`R/C/info`. Channels are numbered from 1; with an offset, the tester shows other numbers.

    Attributes:
        transport: by which sweeps and readings come now: `json`, `tcp` or `udp`.
        transport_reason: why by that one, in a line.
        aux: units of auxiliary inputs, of channels whose inputs were read so far.
    """

    bridge: str
    session: str
    channel_count: int
    channels: list[int]
    channel_number_offset: int
    system: dict[str, Any]
    version: dict[str, Any] | None
    transport: str
    transport_reason: str
    specifications: list[SharedSpecification]
    aux: list[SharedInputs] = []
