"""Procedures that are understood: what each of their texts becomes."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.procedure import spellings, steps
from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.rows import (
    AdvanceCycle,
    Amount,
    Comparison,
    Do,
    End,
    Finish,
    Loop,
    Procedure,
    Quantity,
    Report,
    Step,
    Wave,
)
from tests.simulator.procedure.xml_text import (
    ADVANCE,
    END,
    charge,
    end,
    loop,
    procedure,
    report,
    rest,
    step,
    wave_line,
)
from tests.simulator.procedure.xml_text import waveform as wave_file

AT_LEAST, AT_MOST = Comparison.AT_LEAST, Comparison.AT_MOST


def read(*texts: str, waves: dict[str, bytes] | None = None) -> Procedure:
    return read_procedure("read", procedure(*texts), (waves or {}).get)


def findings(*texts: str) -> tuple[str, ...]:
    with pytest.raises(NotUnderstood) as caught:
        read(*texts)
    return caught.value.findings


def first(*texts: str) -> Any:
    return read(*texts).rows[0]


def test_a_cycle_with_all_that_steps_can_have() -> None:
    made = read(
        step("Do 1"),
        charge(
            "0.5C",
            limits={"Voltage": "4.2"},
            ends=[
                end("Current", "<=", "0.05C", goto=3),
                end("Voltage", ">=", "4.4", goto=6, ChanSafetyEnd="True"),
            ],
            reports=[report("StepTime", "00:00:30"), report("Voltage", "1.0E-4")],
            Range="4",
            Option1="N",
            StepNote="to the top",
        ),
        step("Dischrge", "Power", "3.5", ends=[end("Amp Hour", ">=", "1.2C", goto=4)], Range="A"),
        ADVANCE,
        loop(1, "30", goto=6),
        END,
    )
    assert made == Procedure(
        "read",
        "made for a test",
        (
            Do(1),
            Step(
                StepCode.CHARGE,
                Quantity.CURRENT,
                Amount(0.5, is_c_rate=True),
                {Quantity.VOLTAGE: Amount(4.2)},
                (
                    End(Quantity.CURRENT, AT_MOST, Amount(0.05, is_c_rate=True), 3),
                    End(Quantity.VOLTAGE, AT_LEAST, Amount(4.4), 6, is_safety=True),
                ),
                (Report(Quantity.STEP_TIME, Amount(30.0)), Report(Quantity.VOLTAGE, Amount(0.0001))),
                4,
            ),
            Step(
                StepCode.DISCHARGE,
                Quantity.POWER,
                Amount(3.5),
                ends=(End(Quantity.CAPACITY, AT_LEAST, Amount(1.2, is_c_rate=True), 4),),
            ),
            AdvanceCycle(),
            Loop(1, begin=1, times=30, goto=6),
            Finish(),
        ),
    )


def test_a_rest_without_anything_lasts_until_someone_stops_it() -> None:
    assert read(step("Rest")).rows == (Step(StepCode.REST),)


def test_no_end_row_is_needed() -> None:
    assert [type(row) for row in read(rest(end(goto=2)), ADVANCE).rows] == [Step, AdvanceCycle]


def test_a_wave_has_the_segments_of_its_file() -> None:
    made = read(step("FastWave", value="LA4"), END, waves={"LA4": wave_file(wave_line(), wave_line())})
    wave = made.rows[0]
    assert isinstance(wave, Wave)
    assert (wave.name, len(wave.segments)) == ("LA4", 2)


def test_a_waveform_is_asked_for_once() -> None:
    asked: list[str] = []

    def waves(name: str) -> bytes:
        asked.append(name)
        return wave_file(wave_line())

    made = read_procedure("read", procedure(*[step("FastWave", value=" LA4 ")] * 3, END), waves)
    assert asked == ["LA4"]
    assert [type(row) for row in made.rows] == [Wave, Wave, Wave, Finish]


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
def test_the_encoding_is_what_the_file_says(encoding: str) -> None:
    data = procedure(rest(), END, encoding=encoding).replace(
        "made for a test".encode(encoding).removeprefix(b"\xff\xfe"),
        "25 \N{DEGREE SIGN}C".encode(encoding).removeprefix(b"\xff\xfe"),
    )
    assert read_procedure("read", data, lambda name: None).description == "25 \N{DEGREE SIGN}C"


def test_what_carries_nothing_is_passed_over() -> None:
    blank = "<Extra><Inner> </Inner></Extra><!-- a remark -->"
    made = read(rest(inside=blank, limits={"Pressure": ""}), END)
    assert made.rows == (Step(StepCode.REST, ends=(END_OF_REST,)), Finish())


END_OF_REST = End(Quantity.STEP_TIME, AT_LEAST, Amount(10.0), 2)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_loops_have_four_numbers(number: int) -> None:
    made = read(step(f"Do {number}"), rest(), loop(number, "7", goto=4), END)
    assert (made.rows[0], made.rows[2]) == (Do(number), Loop(number, begin=1, times=7, goto=4))


def test_loops_lie_in_one_another_and_beside_one_another() -> None:
    made = read(
        step("Do 1"),  # 1
        step("Do 2"),
        rest(end(goto=4)),  # 3
        loop(2, goto=5),
        step("Do 2"),  # 5
        rest(end(goto=7), end("Voltage", "<=", "2.0", goto=8)),  # 6, goes to its Loop and out of it
        loop(2, goto=8),
        loop(1, goto=9),
        step("Do 1"),  # 9
        rest(end(goto=9)),  # 10, begins its loop anew
        loop(1, goto=1),  # begins another one anew
    )
    loops = {row: content for row, content in enumerate(made.rows, 1) if isinstance(content, Loop)}
    assert {row: found.begin for row, found in loops.items()} == {4: 2, 7: 5, 8: 1, 11: 9}


END_TYPES = {
    "StepTime": (Quantity.STEP_TIME, "00:00:01", 1.0),
    "TestTime": (Quantity.TEST_TIME, "24:00:00", 86400.0),
    "Voltage": (Quantity.VOLTAGE, "-0.5", -0.5),
    "Current": (Quantity.CURRENT, "2.0", 2.0),
    "Power": (Quantity.POWER, "2.0", 2.0),
    "Resistance": (Quantity.RESISTANCE, "2.0", 2.0),
    "Resist": (Quantity.RESISTANCE, "2.0", 2.0),
    "Amp Hour": (Quantity.CAPACITY, "2.0", 2.0),
    "Amp-hr": (Quantity.CAPACITY, "2.0", 2.0),
    "Ah": (Quantity.CAPACITY, "2.0", 2.0),
    "Watt Hour": (Quantity.ENERGY, "2.0", 2.0),
    "Watt-hr": (Quantity.ENERGY, "2.0", 2.0),
    "Wh": (Quantity.ENERGY, "2.0", 2.0),
}


@pytest.mark.parametrize("spelling", END_TYPES)
def test_each_end_type(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quantity, text, value = END_TYPES[spelling]
    made = rest(end(spelling, ">=", text))
    assert first(made, END).ends == (End(quantity, AT_LEAST, Amount(value), 2),)
    monkeypatch.delitem(spellings.END_TYPES, spellings.plain(spelling))
    assert findings(made, END) == (f"step 1, end 1: end type '{spelling}' is not simulated",)


REPORT_TYPES = {
    "StepTime": (Quantity.STEP_TIME, "::.01", 0.01),
    "Voltage": (Quantity.VOLTAGE, "0.5", 0.5),
    "Current": (Quantity.CURRENT, "0.5", 0.5),
    "Amp Hour": (Quantity.CAPACITY, "0.5", 0.5),
    "Amp-hr": (Quantity.CAPACITY, "0.5", 0.5),
    "Ah": (Quantity.CAPACITY, "0.5", 0.5),
    "Watt Hour": (Quantity.ENERGY, "0.5", 0.5),
    "Watt-hr": (Quantity.ENERGY, "0.5", 0.5),
    "Wh": (Quantity.ENERGY, "0.5", 0.5),
}


@pytest.mark.parametrize("spelling", REPORT_TYPES)
def test_each_report_type(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quantity, text, value = REPORT_TYPES[spelling]
    made = rest(reports=[report(spelling, text)])
    assert first(made, END).reports == (Report(quantity, Amount(value)),)
    monkeypatch.delitem(spellings.REPORT_TYPES, spellings.plain(spelling))
    assert findings(made, END) == (f"step 1, report 1: report type '{spelling}' is not simulated",)


MODES = {
    "Current": Quantity.CURRENT,
    "Voltage": Quantity.VOLTAGE,
    "Power": Quantity.POWER,
    "Resistance": Quantity.RESISTANCE,
}


@pytest.mark.parametrize("spelling", MODES)
def test_each_step_mode(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = step("Charge", spelling, "1.5")
    assert first(made, END) == Step(StepCode.CHARGE, MODES[spelling], Amount(1.5))
    monkeypatch.delitem(spellings.MODES, spellings.plain(spelling))
    assert findings(made, END) == (f"step 1: step mode '{spelling}' is not simulated",)


@pytest.mark.parametrize("spelling", MODES)
def test_each_limit(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "Voltage" if spelling == "Current" else "Current"
    made = step("Charge", other, "1.5", limits={spelling: "2.5"})
    assert first(made, END).limits == {MODES[spelling]: Amount(2.5)}
    monkeypatch.delitem(spellings.LIMITS, spellings.plain(spelling))
    assert findings(made, END) == (f"step 1: limit '{spelling}' is not simulated",)


_GROWS = {"=": AT_LEAST, ">=": AT_LEAST}
_LEVEL = {">=": AT_LEAST, "<=": AT_MOST}
OPERATORS = {
    "StepTime": _GROWS,
    "TestTime": _GROWS,
    "Amp Hour": _GROWS,
    "Watt Hour": _GROWS,
    "Voltage": _LEVEL,
    "Current": _LEVEL,
    "Power": _LEVEL,
    "Resistance": _LEVEL,
}


@pytest.mark.parametrize(
    ("spelling", "operator"), [(name, text) for name, texts in OPERATORS.items() for text in texts]
)
def test_each_operator(spelling: str, operator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quantity, text, _ = END_TYPES[spelling]
    made = rest(end(spelling, operator, text))
    assert first(made, END).ends[0].comparison is OPERATORS[spelling][operator]
    monkeypatch.delitem(spellings.OPERATORS[quantity], operator)
    (finding,) = findings(made, END)
    assert finding.startswith(f"step 1, end 1: operator '{operator}' does not fit ")


@pytest.mark.parametrize(
    ("text", "number"), [("", None), ("A", None), ("1", 1), ("2", 2), ("3", 3), ("4", 4)]
)
def test_each_range(text: str, number: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = rest(Range=text)
    assert first(made, END).current_range == number
    monkeypatch.delitem(spellings.RANGES, text)
    assert f"step 1: range '{text}' is not simulated" in findings(made, END)


@pytest.mark.parametrize("step_type", ["Charge", "Dischrge", "Rest", "FastWave", "AdvCycle", "End"])
def test_each_step_type(step_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(steps.KINDS, spellings.plain(step_type))
    assert findings(step(step_type)) == (f"step 1: step type '{step_type}' is not simulated",)


@pytest.mark.parametrize("text", ["", "N"])
@pytest.mark.parametrize("option", ["Option1", "Option2", "Option3", "Option4"])
def test_options_that_are_off(option: str, text: str) -> None:
    assert first(rest(**{option: text}), END).code is StepCode.REST


@pytest.mark.parametrize(("text", "safe"), [("True", True), ("true", True), ("False", False), ("", False)])
def test_safety_ends(text: str, safe: bool) -> None:
    assert first(rest(end(ChanSafetyEnd=text)), END).ends[0].is_safety is safe


@pytest.mark.parametrize("text", ["AMP HOUR", "amp hour", "AmpHour", "Amp-Hour", "Amp. Hour", " Amp_Hour "])
def test_case_spaces_hyphens_dots_and_underscores_make_no_difference(text: str) -> None:
    assert first(rest(end(text, ">=", "1.0")), END).ends[0].quantity is Quantity.CAPACITY


def test_these_tests_know_all_that_the_tables_have() -> None:
    assert {*spellings.SEEN_ENDS, *spellings.ASSUMED_ENDS} == set(END_TYPES)
    assert {*spellings.SEEN_REPORTS, *spellings.ASSUMED_REPORTS} == set(REPORT_TYPES)
    assert {*spellings.SEEN_MODES, *spellings.ASSUMED_MODES} == set(MODES)
    assert {*spellings.SEEN_LIMITS, *spellings.ASSUMED_LIMITS} == set(MODES)
    assert {END_TYPES[name][0]: texts for name, texts in OPERATORS.items()} == spellings.OPERATORS
    powered = {"Charge", "Dischrge", "Rest", "FastWave", "AdvCycle", "End"}
    loops = {f"{kind} {number}" for kind in ("Do", "Loop") for number in (1, 2, 3, 4)}
    assert set(steps.STEP_TYPES) == powered | loops
    assert set(spellings.RANGES) == {"", "A", "1", "2", "3", "4"}
