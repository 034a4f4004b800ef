"""From MacNet's numbers to our words: one reply of (4, 7) becomes one measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import UNSET

from macnet_bridge.macnet.protocol.codes import CHARGING, DISCHARGING, ChannelState, StepCode
from macnet_bridge.macnet.protocol.messages import StatusAndReadings
from macnet_bridge.payloads.telemetry import RawCodes

SignRule = Literal["auto", "as_reported", "from_mode"]

SIGN_UNKNOWN = "the mode gives no direction, and this tester reports magnitudes or has not shown a sign yet"


_DIRECTIONS: dict[int, int] = {**dict.fromkeys(CHARGING, 1), **dict.fromkeys(DISCHARGING, -1)}


class CurrentSign:
    """Gives currents a sign: positive charges the cell.

    Public sources do not say whether testers report discharge current as negative. `auto`
    takes the direction from the mode until a discharge current shows what this tester does.
    """

    def __init__(self, rule: SignRule = "auto") -> None:
        self._as_reported = {"as_reported": True, "from_mode": False}.get(rule)

    def signed(self, current_ampere: float, step_code: int) -> float | None:
        """The signed current in amperes, None when its direction cannot be known.

        Args:
            step_code: `RF1` of the same moment.
        """
        if self._as_reported is None and step_code in DISCHARGING and current_ampere:
            self._as_reported = current_ampere < 0
        if self._as_reported or current_ampere == 0:
            return current_ampere
        direction = _DIRECTIONS.get(step_code)
        return None if direction is None else direction * abs(current_ampere)

    def signed_column(
        self, currents_ampere: Sequence[float], step_codes: Sequence[int]
    ) -> list[float | None]:
        """The signed currents of several channels; a discharge in one tells for all of them."""
        if self._as_reported or not any(currents_ampere):
            return list(currents_ampere)
        if self._as_reported is None:
            for current, step_code in zip(currents_ampere, step_codes, strict=True):
                if current and step_code in DISCHARGING:
                    self._as_reported = current < 0
                    break
        if self._as_reported:
            return list(currents_ampere)
        return [
            self.signed(current, step_code) if current else current
            for current, step_code in zip(currents_ampere, step_codes, strict=True)
        ]


def measured(
    status: StatusAndReadings, sign: CurrentSign, *, unix_time_second: float, test_name: str | None
) -> dict[str, Any]:
    """A reply of MacNet (4, 7) in our words: the fields of `payloads.telemetry.Measured`.

    Args:
        unix_time_second: our UTC clock when the reply came.
        test_name: of the running or last test, from (4, 6); None when not known.
    """
    current = sign.signed(status.current_ampere, status.step_code)
    return {
        "unix_time_second": unix_time_second,
        "state": ChannelState.word(status.state),
        "mode": StepCode.word(status.step_code),
        "test_name": test_name,
        "test_time_second": status.test_time_second,
        "step_time_second": status.step_time_second,
        "cycle_count": status.cycle_count,
        "step_id": status.step_id,
        "record_index": status.record_index,
        "voltage_volt": status.voltage_volt,
        "current_ampere": UNSET if current is None else current,
        "power_watt": UNSET if current is None else current * status.voltage_volt,
        "step_cumulative_capacity_ah": status.step_capacity_ah,
        "step_cumulative_energy_wh": status.step_energy_wh,
        "tester_time": status.tester_time.isoformat(),
        "raw": raw_codes(status),
        "errors": UNSET
        if current is not None
        else {"current_ampere": SIGN_UNKNOWN, "power_watt": SIGN_UNKNOWN},
    }


def raw_codes(status: StatusAndReadings) -> RawCodes:
    """MacNet's numbers of a reading."""
    return RawCodes(stat=status.state, rf1=status.step_code, rf2=status.record_cause)
