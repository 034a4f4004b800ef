"""What a subscriber knows of a lab: messages go in, rows come out. No I/O, no clock, no terminal.

`now` is time.monotonic() in seconds. The live table and the plain lines show the same view.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from macnet_bridge.macnet.protocol import codes
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.alarms import Alarm
from macnet_bridge.payloads.status import BridgeStatus, CyclerStatus
from macnet_bridge.payloads.telemetry import ChannelState, Reading, Sweep
from macnet_bridge.topics import Scope, Source, read_alarm, read_published

RATE_WINDOW_S = 5.0
ACKNOWLEDGEMENTS_KEPT = 20
STALE_AFTER_S = 10.0
"""Values that nobody renewed for this long are shown as old."""
RUNNING_WORDS = frozenset(codes.ChannelState.word(state) for state in codes.RUNNING)
"""Channel states in which a test runs."""

_MOMENTS_MAX = 50_000

P = TypeVar("P")


class Rate:
    """How often something happens, over the last seconds, and how often it did at all."""

    def __init__(self) -> None:
        self.total = 0
        self._moments: deque[float] = deque(maxlen=_MOMENTS_MAX)

    def count(self, now: float) -> None:
        self.total += 1
        self._moments.append(now)

    def per_second(self, now: float) -> float:
        """Mean of the last 5 s."""
        while self._moments and now - self._moments[0] > RATE_WINDOW_S:
            self._moments.popleft()
        return len(self._moments) / RATE_WINDOW_S


@dataclass(slots=True)
class Row:
    """One channel; None where nothing was heard yet. Units as in the payloads.

    Attributes:
        seen_at: when its values were last renewed by a reading or a sweep.
        stale: the tester is away, or the bridge that said so is.
    """

    cycler: str
    channel: int
    bridge: str = ""
    session: str = ""
    state: str = "?"
    mode: str = ""
    test_name: str | None = None
    procedure: str | None = None
    step_id: int | None = None
    cycle_count: int | None = None
    voltage_volt: float | None = None
    current_ampere: float | None = None
    power_watt: float | None = None
    capacity_ah: float | None = None
    test_time_second: float | None = None
    seen_at: float | None = None
    stale: bool = False

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING_WORDS and not self.stale

    def age_s(self, now: float) -> float | None:
        return None if self.seen_at is None else max(0.0, now - self.seen_at)


@dataclass(slots=True)
class LabView:
    """Everything below one topic root, as it was last published.

    Attributes:
        rows: by cycler and channel.
        only: channels that are wanted; None = all.
        alarms: those that hold by kind, of each cycler (channel 0) and channel that has any.
        acknowledgements: the newest last.
        unreadable: messages on known topics that could not be decoded.
    """

    root: str
    only: frozenset[int] | None = None
    alarms: dict[tuple[str, int], dict[str, Alarm]] = field(default_factory=dict)
    bridges: dict[str, BridgeStatus] = field(default_factory=dict)
    cyclers: dict[str, CyclerStatus] = field(default_factory=dict)
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    acknowledgements: deque[Acknowledgement] = field(
        default_factory=lambda: deque(maxlen=ACKNOWLEDGEMENTS_KEPT)
    )
    readings: Rate = field(default_factory=Rate)
    sweeps: Rate = field(default_factory=Rate)
    answers: Rate = field(default_factory=Rate)
    unreadable: int = 0

    def take(self, topic: str, payload: bytes, now: float) -> None:
        """Take one message in; what no bridge publishes, or nobody can decode, changes nothing."""
        source, handler = self._handler(topic)
        if source is None or handler is None or not self._wants(source.channel):
            return
        try:
            handler(self, source, payload, now)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1

    def _handler(self, topic: str) -> tuple[Source | None, Handler | None]:
        if (alarm := read_alarm(self.root, topic)) is not None:
            return alarm, _alarm
        source = read_published(self.root, topic)
        return source, _HANDLERS.get((source.scope, source.leaf)) if source else None

    def _wants(self, channel: int) -> bool:
        return not channel or self.only is None or channel in self.only

    def lost(self) -> None:
        """The broker is gone: nothing that it told need hold any more until it tells it again."""
        self.bridges.clear()
        self.alarms.clear()
        for row in self.rows.values():
            row.stale = True

    def sorted_rows(self) -> list[Row]:
        """All channels, by cycler and number."""
        return [self.rows[key] for key in sorted(self.rows)]

    def is_online(self, cycler: str) -> bool:
        """Whether a cycler answers, and a bridge that is there says so."""
        status = self.cyclers.get(cycler)
        return status is not None and status.state != "offline" and self.holds(status.bridge, status.session)

    def holds(self, bridge: str, session: str) -> bool:
        """Whether what a bridge retained in a session still holds."""
        status = self.bridges.get(bridge)
        return status is not None and (status.state, status.session) == ("online", session)

    def row(self, cycler: str, channel: int) -> Row:
        """The row of a channel, made when it is new."""
        return self.rows.setdefault((cycler, channel), Row(cycler, channel))


# --- one function per kind of message


def _bridge_status(view: LabView, source: Source, payload: bytes, now: float) -> None:
    view.bridges[source.name] = _bridge_decoder.decode(payload)
    for row in view.rows.values():
        row.stale = row.stale or (row.bridge == source.name and _is_gone(view, row))


def _cycler_status(view: LabView, source: Source, payload: bytes, now: float) -> None:
    if payload:
        view.cyclers[source.name] = _cycler_decoder.decode(payload)
    else:
        view.cyclers.pop(source.name, None)


def _state(view: LabView, source: Source, payload: bytes, now: float) -> None:
    if not payload:  # no longer served
        view.rows.pop((source.name, source.channel), None)
        return
    state = _state_decoder.decode(payload)
    row = view.row(source.name, source.channel)
    row.bridge, row.session = state.bridge, state.session
    row.stale = state.quality == "stale" or _is_gone(view, row)
    row.state, row.mode = state.state, state.mode
    row.test_name, row.procedure = state.test_name, state.procedure
    row.step_id, row.cycle_count = state.step_id, state.cycle_count


def _reading(view: LabView, source: Source, payload: bytes, now: float) -> None:
    reading = _reading_decoder.decode(payload)
    view.readings.count(now)
    if reading.is_historical:
        return
    row = view.row(source.name, source.channel)
    row.state, row.mode, row.test_name = reading.state, reading.mode, reading.test_name
    row.step_id, row.cycle_count = reading.step_id, reading.cycle_count
    row.voltage_volt = reading.voltage_volt
    row.current_ampere = _known(reading.current_ampere)
    row.power_watt = _known(reading.power_watt)
    row.capacity_ah = reading.step_cumulative_capacity_ah
    row.test_time_second = reading.test_time_second
    row.seen_at, row.stale = now, reading.quality == "stale"


def _sweep(view: LabView, source: Source, payload: bytes, now: float) -> None:
    sweep = _sweep_decoder.decode(payload)
    view.sweeps.count(now)
    columns = zip(
        sweep.channel,
        sweep.state,
        sweep.voltage_volt,
        sweep.current_ampere,
        sweep.test_time_second,
        strict=False,
    )
    for channel, state, volts, amperes, seconds in columns:
        if view.only is not None and channel not in view.only:
            continue
        row = view.row(source.name, channel)
        row.state, row.voltage_volt, row.current_ampere = state, volts, amperes
        row.power_watt = None if amperes is None else volts * amperes
        row.test_time_second, row.seen_at, row.stale = seconds, now, False


def _acknowledgement(view: LabView, source: Source, payload: bytes, now: float) -> None:
    view.acknowledgements.append(_acknowledgement_decoder.decode(payload))
    view.answers.count(now)


def _alarm(view: LabView, source: Source, payload: bytes, now: float) -> None:
    key = (source.name, source.channel)
    if payload:
        view.alarms.setdefault(key, {})[source.leaf] = _alarm_decoder.decode(payload)
        return
    kinds = view.alarms.get(key, {})
    kinds.pop(source.leaf, None)
    if not kinds:
        view.alarms.pop(key, None)


def _is_gone(view: LabView, row: Row) -> bool:
    """Whether the bridge that published a retained state is known to be away."""
    return row.bridge in view.bridges and not view.holds(row.bridge, row.session)


def _known(value: P | msgspec.UnsetType) -> P | None:
    return None if isinstance(value, msgspec.UnsetType) else value


Handler = Callable[[LabView, Source, bytes, float], None]

_bridge_decoder = msgspec.json.Decoder(BridgeStatus)
_cycler_decoder = msgspec.json.Decoder(CyclerStatus)
_state_decoder = msgspec.json.Decoder(ChannelState)
_reading_decoder = msgspec.json.Decoder(Reading)
_sweep_decoder = msgspec.json.Decoder(Sweep)
_acknowledgement_decoder = msgspec.json.Decoder(Acknowledgement)
_alarm_decoder = msgspec.json.Decoder(Alarm)

_HANDLERS: dict[tuple[Scope, str], Handler] = {
    (Scope.BRIDGE, "status"): _bridge_status,
    (Scope.BRIDGE, "ack"): _acknowledgement,
    (Scope.CYCLER, "status"): _cycler_status,
    (Scope.CYCLER, "sweep"): _sweep,
    (Scope.CYCLER, "ack"): _acknowledgement,
    (Scope.CHANNEL, "state"): _state,
    (Scope.CHANNEL, "reading"): _reading,
    (Scope.CHANNEL, "ack"): _acknowledgement,
}
