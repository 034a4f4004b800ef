"""What is wrong with a channel or a tester, and since when. Pure: the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import ARCHIVABLE, RUNNING, ChannelState, RecordCause
from macnet_bridge.macnet.protocol.messages import StatusAndReadings
from macnet_bridge.payloads.alarms import AlarmKind, Severity
from macnet_bridge.telemetry.clock import OFFSET_BOUND_S, TesterClock

LIMIT_TOLERANCE = 0.001
"""A reading is outside a limit when it passes it by this share: converters are not exact, and a
charge that holds its voltage at the limit is not past it."""

READINGS_UNTIL_CLEAR = 3
"""So many readings in a row have to be inside before a limit counts as kept again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong. Two findings of one `reason` are the same alarm, whatever their values."""

    severity: Severity
    what: str
    reason: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """Limits of a channel as configured: magnitudes, None = no limit."""

    voltage_max_volt: float | None = None
    voltage_min_volt: float | None = None
    charge_max_ampere: float | None = None
    discharge_max_ampere: float | None = None
    power_max_watt: float | None = None

    @property
    def are_set(self) -> bool:
        return self != NO_LIMITS


NO_LIMITS = AlarmLimits()


class LimitJudge:
    """Judges the readings of one channel by its limits, so that noise does not flap.

    Attributes:
        is_on: whether there is any limit to judge by.
    """

    def __init__(self, limits: AlarmLimits) -> None:
        self._limits = limits
        self.is_on = limits.are_set
        self._found: Finding | None = None
        self._inside = 0

    def judge(self, status: StatusAndReadings, current_ampere: float | None) -> Finding | None:
        """What is outside as of this reading.

        Args:
            current_ampere: with its sign; None when its direction is not known.
        """
        if not self.is_on:
            return None
        outside = self._outside(status, current_ampere, LIMIT_TOLERANCE)
        if outside is not None:
            self._inside = 0
            self._found = outside
        elif self._found is not None and self._outside(status, current_ampere, 0.0) is None:
            self._inside += 1
            if self._inside >= READINGS_UNTIL_CLEAR:
                self._found = None
        else:
            self._inside = 0  # just at the limit: neither outside nor inside
        return self._found

    def _outside(
        self, status: StatusAndReadings, current_ampere: float | None, tolerance: float
    ) -> Finding | None:
        limits, volts = self._limits, status.voltage_volt
        amperes = abs(status.current_ampere)
        found = _above("voltage_volt", volts, "voltage_max_volt", limits.voltage_max_volt, tolerance)
        if found is None and self._judges_low_voltage(status):
            found = _below("voltage_volt", volts, "voltage_min_volt", limits.voltage_min_volt, tolerance)
        if found is None:
            found = self._current_outside(amperes, current_ampere, tolerance)
        if found is None:
            watts = amperes * volts
            found = _above("power_watt", watts, "power_max_watt", limits.power_max_watt, tolerance)
        return found

    def _judges_low_voltage(self, status: StatusAndReadings) -> bool:
        """A channel without a cell has no voltage. One that fell too low in a test stays so after it."""
        was_low = self._found is not None and self._found.reason == "voltage_min_volt"
        return status.state in RUNNING or (was_low and status.state in ARCHIVABLE)

    def _current_outside(
        self, magnitude: float, current_ampere: float | None, tolerance: float
    ) -> Finding | None:
        charge, discharge = self._limits.charge_max_ampere, self._limits.discharge_max_ampere
        if current_ampere is None:  # whichever allows more
            if charge is None or discharge is None:
                return None
            charge, current_ampere = max(charge, discharge), magnitude
        if current_ampere >= 0:
            return _above("current_ampere", magnitude, "charge_max_ampere", charge, tolerance)
        return _above("current_ampere", magnitude, "discharge_max_ampere", discharge, tolerance)


def _above(name: str, value: float, limit_name: str, limit: float | None, tolerance: float) -> Finding | None:
    if limit is None or value <= limit * (1.0 + tolerance):
        return None
    return Finding(
        "critical", f"{name} {value:.6g} is above {limit_name} {limit:g}", limit_name, value, limit
    )


def _below(name: str, value: float, limit_name: str, limit: float | None, tolerance: float) -> Finding | None:
    if limit is None or value >= limit * (1.0 - tolerance):
        return None
    return Finding(
        "critical", f"{name} {value:.6g} is below {limit_name} {limit:g}", limit_name, value, limit
    )


def problem(status: StatusAndReadings) -> Finding | None:
    """A channel that a safety limit or a fault has stopped."""
    if status.state != ChannelState.PROBLEM:
        return None
    reason = RecordCause.word(status.record_cause)
    return Finding("critical", f"the tester stopped the channel as a problem: {reason}", reason)


def tester_away(why: str) -> Finding:
    """A tester that cannot be read, and its channels with it."""
    return Finding("warning", f"the tester is away: {why}", "tester_away")


def too_old(age_s: float, bound_s: float) -> Finding | None:
    """A channel whose last reading is too old, although its tester answers."""
    if age_s <= bound_s:
        return None
    return Finding("warning", f"no reading for {age_s:.0f} s", "no_reading", round(age_s, 1), bound_s)


def clock(tester_clock: TesterClock, held: Finding | None, now: float) -> Finding | None:
    """A tester's clock that jumped of late or is far from ours, its zone taken away.

    Args:
        held: what was found before; it stands until the opposite is certain.
    """
    jump = tester_clock.jump(now)
    if jump is not None:
        return Finding("warning", f"the tester's clock, or ours, jumped by {jump:+g} s", "jump", jump)
    offset = tester_clock.offset
    if offset is None:
        return held
    rest = offset.without_zone()
    far, near = min(abs(rest.low), abs(rest.high)), max(abs(rest.low), abs(rest.high))
    if rest.low * rest.high > 0 and far > OFFSET_BOUND_S:
        value = round(rest.middle, 1)
        what = f"the tester's clock is {value:+g} s from ours, its zone taken away"
        return Finding("warning", what, "offset", value, OFFSET_BOUND_S)
    return held if held is not None and held.reason == "offset" and near > OFFSET_BOUND_S else None


def stop_unconfirmed(verb: str, why: str) -> Finding:
    """A stop of which nobody knows whether it worked."""
    return Finding("critical", f"{verb} could not be confirmed: {why}", verb)


Place = tuple[int | None, AlarmKind]
"""Channel, None for the cycler; and kind."""


class AlarmTable:
    """The alarms of one tester that hold."""

    def __init__(self) -> None:
        self._held: dict[Place, tuple[Finding, float]] = {}

    @property
    def is_empty(self) -> bool:
        return not self._held

    def get(self, place: Place) -> Finding | None:
        held = self._held.get(place)
        return held and held[0]

    def since(self, place: Place) -> float:
        """When an alarm that holds was raised."""
        return self._held[place][1]

    def put(self, place: Place, finding: Finding | None, now: float) -> bool:
        """Note what was found. True = it has to be published, or cleared."""
        held = self._held.get(place)
        if finding is None:
            return self._held.pop(place, None) is not None
        if held is not None and held[0].reason == finding.reason:
            return False
        self._held[place] = finding, now
        return True

    def set_back(self, now: float) -> None:
        """Our clock was set back: what holds was raised by now."""
        self._held = {place: (finding, min(since, now)) for place, (finding, since) in self._held.items()}

    def places(self) -> list[Place]:
        return list(self._held)
