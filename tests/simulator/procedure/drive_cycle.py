"""A waveform like that of a car: power that is drawn and given back, second by second. Made for tests."""

from __future__ import annotations

import math

from tests.simulator.procedure.xml_text import wave_line, waveform

SECONDS = 60
PEAK_WATT = 12.0


def drive_cycle(repetitions: int = 8, peak_watt: float = PEAK_WATT) -> bytes:
    """So many minutes in lines of a second; braking charges, at the latest until 4.2 V."""
    minute = [line(peak_watt * power(second)) for second in range(SECONDS)]
    return waveform(*minute * repetitions)


def power(second: int) -> float:
    """Share of the peak: accelerating, cruising, braking and a stop at the end."""
    if second >= SECONDS - 5:
        return 0.0
    return math.sin(second / 4.0) * 0.6 + 0.4 * math.cos(second / 17.0)


def line(watt: float) -> str:
    """A second of discharge with so many watts, or of charge where they are negative."""
    if watt < 0.0:
        charging = {
            "state": "C",
            "operator": ">=",
            "end_value": "4.25",
            "limit_mode": "V",
            "limit_value": "4.2",
        }
        return wave_line(value=f"{-watt:.5f}", **charging)
    return wave_line(value=f"{watt:.5f}", end_value="2.6")
