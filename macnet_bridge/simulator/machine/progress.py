"""How far a test is: its times, counters and records."""

from __future__ import annotations

from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import RecordCause

TICK_SECOND = 0.01
"""A controller looks at its channel so often: every step takes at least so long, and no two
records of one kind are nearer to each other."""

_CLOSE = 1e-9  # sums of slices miss a round number by less


@dataclass(frozen=True, slots=True)
class RecordRule:
    """When a test writes a record: after so much time or change within a step; 0 is never."""

    second: float = 0.0
    volt: float = 0.0
    ampere: float = 0.0
    ampere_hour: float = 0.0
    watt_hour: float = 0.0


NO_RECORDS = RecordRule()

Counters = tuple[float, float, float, float, float]


@dataclass(slots=True)
class Progress:
    """Counters of one test, as MacNet (4, 7) shows them. Capacity and energy count per step.

    Attributes:
        phase_second: since the step began, or the segment of its waveform.
    """

    record_index: int = 0
    record_cause: RecordCause = RecordCause.NONE
    cycle_count: int = 0
    step_id: int = 0
    test_second: float = 0.0
    step_second: float = 0.0
    phase_second: float = 0.0
    step_capacity_ah: float = 0.0
    step_energy_wh: float = 0.0
    _recorded_second: float = 0.0
    _recorded_volt: float = 0.0
    _recorded_ampere: float = 0.0
    _recorded_ampere_hour: float = 0.0
    _recorded_watt_hour: float = 0.0

    def begin_step(self, step_id: int) -> None:
        """Start the counters of a step again, with a record."""
        self.step_id = step_id
        self.step_second = self.phase_second = self.step_capacity_ah = self.step_energy_wh = 0.0
        self._recorded_second = self._recorded_ampere_hour = self._recorded_watt_hour = 0.0
        self.record(RecordCause.START_OF_STEP)

    def skip(self, second: float, ampere_hour: float, watt_hour: float) -> None:
        """Count a step that has just begun as if it had so much behind it, recorded already."""
        self.step_second = self._recorded_second = second
        self.step_capacity_ah = self._recorded_ampere_hour = ampere_hour
        self.step_energy_wh = self._recorded_watt_hour = watt_hour

    def record(self, cause: RecordCause, count: int = 1) -> None:
        """Write records for a reason."""
        self.record_index += count
        self.record_cause = cause

    def add(self, second: float, ampere: float, volt: float) -> None:
        """Count a slice of time with its current and mean voltage."""
        self.test_second += second
        self.step_second += second
        self.phase_second += second
        hours = second / 3600.0
        self.step_capacity_ah += abs(ampere) * hours
        self.step_energy_wh += abs(ampere * volt) * hours

    def save(self) -> Counters:
        """What `add` changes, for `restore`."""
        return (
            self.test_second,
            self.step_second,
            self.phase_second,
            self.step_capacity_ah,
            self.step_energy_wh,
        )

    def restore(self, saved: Counters) -> None:
        """Count as it was when it was saved."""
        (
            self.test_second,
            self.step_second,
            self.phase_second,
            self.step_capacity_ah,
            self.step_energy_wh,
        ) = saved

    def look_from(self, volt: float, ampere: float) -> None:
        """Count changes of voltage and current from these values on: a step has begun with them."""
        self._recorded_volt, self._recorded_ampere = volt, ampere

    def record_by(self, rule: RecordRule, volt: float, ampere: float, second: float = 0.0) -> None:
        """Write the records that became due within so many seconds, as many as the change holds."""
        most = max(1, round(second / TICK_SECOND))
        self._recorded_second = self._record(
            RecordCause.STEP_TIME, rule.second, self._recorded_second, self.step_second, most
        )
        self._recorded_ampere_hour = self._record(
            RecordCause.AMP_HOUR, rule.ampere_hour, self._recorded_ampere_hour, self.step_capacity_ah, most
        )
        self._recorded_watt_hour = self._record(
            RecordCause.WATT_HOUR, rule.watt_hour, self._recorded_watt_hour, self.step_energy_wh, most
        )
        self._recorded_volt = self._record(
            RecordCause.VOLTAGE_INCREMENT, rule.volt, self._recorded_volt, volt, most
        )
        self._recorded_ampere = self._record(
            RecordCause.CURRENT_INCREMENT, rule.ampere, self._recorded_ampere, ampere, most
        )

    def _record(self, cause: RecordCause, every: float, recorded: float, now: float, most: int) -> float:
        """Write what is due of one kind; from which value on the next one counts."""
        change = now - recorded
        if every <= 0.0 or abs(change) < every * (1.0 - _CLOSE):
            return recorded
        due = int(min(abs(change) / every + _CLOSE, most + 1.0))  # the quotient may be infinite
        self.record(cause, min(due, most))
        if due > most:  # a jump
            return now
        return recorded + (due * every if change > 0.0 else -due * every)
