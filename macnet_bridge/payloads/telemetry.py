"""Readings, sweeps and states. Names and units are those of the Battery Data Format."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Quality = Literal["good", "stale"]
Control = Literal["procedure", "direct", "none"]


class Lock(Struct, frozen=True, kw_only=True):
    """Why no test may start on a channel, who said so, and since when."""

    reason: str
    principal: str
    since: float


class RawCodes(Struct, frozen=True):
    """MacNet's numbers behind the words of a reading."""

    stat: int
    rf1: int
    rf2: int


class Previous(Struct, frozen=True):
    """The last reading of an earlier run that is known to be safe."""

    run: int
    seq: int


class Measured(Struct, frozen=True, kw_only=True):
    """One reply of MacNet (4, 7) in our words. Positive current charges the cell.

    Attributes:
        unix_time_second: our UTC clock when the reply came.
        state, mode: MacNet's words in lower case; an unknown number is `code_23`.
        test_name: null where there is no test, or the tester did not tell it.
        current_ampere, power_watt: left out where the direction cannot be known; `errors` says why.
        tester_time: the tester's clock, without a zone.
        raw: MacNet's numbers behind the words.
        errors: why a value is not there, by its name.
    """

    unix_time_second: float
    state: str
    mode: str
    test_name: str | None
    test_time_second: float
    step_time_second: float
    cycle_count: int
    step_id: int
    record_index: int
    voltage_volt: float
    current_ampere: float | UnsetType = UNSET
    power_watt: float | UnsetType = UNSET
    step_cumulative_capacity_ah: float
    step_cumulative_energy_wh: float
    tester_time: str
    raw: RawCodes
    errors: dict[str, str] | UnsetType = UNSET


class Reading(Measured, frozen=True, kw_only=True):
    """A measurement as published: numbered per channel within a run of the bridge.

    Attributes:
        run: counts the starts of the bridge.
        seq: counts the readings of the channel within a run; a gap is a reading that was lost.
        is_historical: whether it comes late, after it waited on disk for the broker.
        previous: of the first reading of a run: the one before it.
    """

    run: int
    seq: int
    quality: Quality = "good"
    is_historical: bool = False
    previous: Previous | UnsetType = UNSET


class Sweep(Struct, frozen=True, kw_only=True):
    """All channels of a cycler in columns, from MacNet (4, 1) (4, 2) (4, 3) (4, 9).

    `spread_second` is the time from the first of these requests to the last reply.
    A current whose sign cannot be known is null and named in `errors`.
    """

    unix_time_second: float
    spread_second: float
    run: int
    seq: int
    channel: list[int]
    state: list[str]
    voltage_volt: list[float]
    current_ampere: list[float | None]
    test_time_second: list[float]
    errors: dict[str, str] | UnsetType = UNSET


class ChannelState(Struct, frozen=True, kw_only=True):
    """Retained state of a channel; holds while the bridge's status shows this session online."""

    bridge: str
    session: str
    state: str
    mode: str
    end_reason: str | None
    test_name: str | None
    cell_id: str | None = None
    procedure: str | None
    step_id: int
    cycle_count: int
    control: Control
    lock: Lock | None = None
    state_seq: int
    changed_at: float
    quality: Quality
    raw: RawCodes
