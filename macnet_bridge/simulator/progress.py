"""How far a test is: its times, counters and records."""

from __future__ import annotations

from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import RecordCause


@dataclass(frozen=True, slots=True)
class RecordRule:
    """When a test writes a record: after so much time or change; 0 is never."""

    second: float = 0.0
    volt: float = 0.0
    ampere: float = 0.0


@dataclass(slots=True)
class Progress:
    """Counters of one test, as MacNet (4, 7) shows them. Capacity and energy count per step."""

    record_index: int = 0
    record_cause: RecordCause = RecordCause.NONE
    cycle_count: int = 0
    step_id: int = 0
    test_second: float = 0.0
    step_second: float = 0.0
    step_capacity_ah: float = 0.0
    step_energy_wh: float = 0.0
    _recorded_second: float = 0.0
    _recorded_volt: float = 0.0
    _recorded_ampere: float = 0.0

    def begin_step(self, step_id: int) -> None:
        """Start the counters of a step again, with a record."""
        self.step_id = step_id
        self.step_second = self.step_capacity_ah = self.step_energy_wh = 0.0
        self._recorded_second = 0.0
        self.record(RecordCause.START_OF_STEP)

    def record(self, cause: RecordCause, count: int = 1) -> None:
        """Write records for a reason."""
        self.record_index += count
        self.record_cause = cause

    def add(self, second: float, ampere: float, volt: float) -> None:
        """Count a slice of time with its current and mean voltage."""
        self.test_second += second
        self.step_second += second
        hours = second / 3600.0
        self.step_capacity_ah += abs(ampere) * hours
        self.step_energy_wh += abs(ampere * volt) * hours

    def record_by(self, rule: RecordRule, volt: float, ampere: float) -> None:
        """Write the records that are due, as many as the time since the last one holds."""
        if rule.second > 0.0:
            due = int((self.step_second - self._recorded_second + 1e-9) / rule.second)
            if due:
                self._recorded_second += due * rule.second
                self._note(RecordCause.STEP_TIME, volt, ampere, due)
        if rule.volt > 0.0 and abs(volt - self._recorded_volt) >= rule.volt:
            self._note(RecordCause.VOLTAGE_INCREMENT, volt, ampere)
        if rule.ampere > 0.0 and abs(ampere - self._recorded_ampere) >= rule.ampere:
            self._note(RecordCause.CURRENT_INCREMENT, volt, ampere)

    def _note(self, cause: RecordCause, volt: float, ampere: float, count: int = 1) -> None:
        self.record(cause, count)
        self._recorded_volt, self._recorded_ampere = volt, ampere
