"""Waveforms that are understood: what each column becomes."""

from __future__ import annotations

import pytest

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.procedure import waveform as reading
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    Comparison,
    End,
    Quantity,
    Report,
    Segment,
    Step,
)
from macnet_bridge.simulator.machine.procedure.waveform import COLUMNS, read_waveform
from tests.simulator.procedure.xml_text import wave_line, waveform

LETTERS = {"I": Quantity.CURRENT, "V": Quantity.VOLTAGE, "P": Quantity.POWER, "R": Quantity.RESISTANCE}


def one(**columns: str) -> Segment:
    (segment,) = read_waveform(waveform(wave_line(**columns)))
    return segment


def findings(**columns: str) -> tuple[str, ...]:
    with pytest.raises(NotUnderstood) as caught:
        one(**columns)
    return caught.value.findings


def test_a_line_with_all_its_columns() -> None:
    made = one(
        state="C", control_mode="I", value="6.749", limit_mode="V", limit_value="4.2", current_range="4"
    )
    assert made == Segment(
        Step(
            StepCode.CHARGE,
            Quantity.CURRENT,
            Amount(6.749),
            {Quantity.VOLTAGE: Amount(4.2)},
            (End(Quantity.VOLTAGE, Comparison.AT_MOST, Amount(3.0), goto=0),),
            (Report(Quantity.STEP_TIME, Amount(10.0)),),
            current_range=4,
        ),
        second=1.0,
    )


def test_limit_end_and_report_may_be_left_out() -> None:
    columns = ("end_mode", "operator", "end_value", "report_mode", "report_interval")
    made = one(value="0", duration="21.5000", **dict.fromkeys(columns, ""))
    assert made == Segment(Step(StepCode.DISCHARGE, Quantity.POWER, Amount(0.0)), second=21.5)


def test_lines_are_read_in_order_whatever_ends_them() -> None:
    lines = [wave_line(duration=text) for text in ("1", "2", "3600")]
    for between in ("\r\n", "\n", "\r"):
        for last in ("", between, between * 3):
            segments = read_waveform((between.join(lines) + last).encode())
            assert [segment.second for segment in segments] == [1.0, 2.0, 3600.0]


@pytest.mark.parametrize(("letter", "code"), [("C", StepCode.CHARGE), ("D", StepCode.DISCHARGE)])
def test_each_state(letter: str, code: StepCode, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(state=letter).step.code is code
    monkeypatch.delitem(reading.STATES, letter.lower())
    assert findings(state=letter) == (f"line 1: state '{letter}' is not simulated",)


@pytest.mark.parametrize("letter", LETTERS)
def test_each_quantity(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "I" if letter == "P" else "P"
    limited = {"control_mode": other, "limit_mode": letter, "limit_value": "2"}
    assert one(control_mode=letter).step.control is LETTERS[letter]
    assert one(**limited).step.limits == {LETTERS[letter]: Amount(2.0)}
    assert one(end_mode=letter).step.ends[0].quantity is LETTERS[letter]
    monkeypatch.delitem(reading.QUANTITIES, letter.lower())
    control_mode = f"line 1: control mode '{letter}' is not simulated"
    assert control_mode in findings(control_mode=letter)
    assert f"line 1: limit '{letter}' is not simulated" in findings(**limited)
    assert f"line 1: end mode '{letter}' is not simulated" in findings(end_mode=letter)


def test_each_report_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(report_interval="0.01").step.reports == (Report(Quantity.STEP_TIME, Amount(0.01)),)
    monkeypatch.delitem(reading.REPORTS, "t")
    assert findings() == ("line 1: report mode 'T' is not simulated",)


@pytest.mark.parametrize("operator", [">=", "<="])
def test_each_operator(operator: str) -> None:
    assert one(operator=operator).step.ends[0].comparison.value == operator


def test_all_lines_are_looked_at() -> None:
    lines = wave_line(state="X", value="much"), wave_line(), wave_line(duration="-1")
    with pytest.raises(NotUnderstood) as caught:
        read_waveform(waveform(*lines))
    assert caught.value.findings == (
        "line 1: state 'X' is not simulated",
        "line 1: 'much' is no number",
        "line 3: '-1' has to be more than zero",
    )


def test_there_are_twelve_columns() -> None:
    assert len(COLUMNS) == 12
    assert set(reading.STATES) == {"c", "d"}
    assert set(reading.QUANTITIES) == {letter.lower() for letter in LETTERS}
    assert set(reading.REPORTS) == {"t"}
