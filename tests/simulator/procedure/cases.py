"""Files that are refused, each for one reason, and what is said to them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from macnet_bridge.simulator.machine.specification import SPECIFICATION
from tests.simulator.procedure.xml_text import (
    ADVANCE,
    END,
    charge,
    document,
    element,
    end,
    loop,
    procedure,
    report,
    rest,
    step,
    wave_line,
    waveform,
)

FIRST_REFUSED_LINE = wave_line(state="R")


@dataclass(frozen=True)
class Case:
    """A procedure, with the waveforms that there are, and its findings."""

    data: bytes
    findings: tuple[str, ...]
    waveforms: dict[str, bytes] = field(default_factory=dict)

    def found(self, package: Any) -> tuple[str, ...]:
        """What the modules of a package, which may be a changed one, find."""
        try:
            package.reading.read_procedure("refused", self.data, self.waveforms.get)
        except package.refusing.NotUnderstood as error:
            found: tuple[str, ...] = error.findings
            return found
        return ()


@dataclass(frozen=True)
class WaveformCase:
    """A waveform and its findings."""

    data: bytes
    findings: tuple[str, ...]

    def found(self, package: Any) -> tuple[str, ...]:
        try:
            package.waveform.read_waveform(self.data)
        except package.refusing.NotUnderstood as error:
            found: tuple[str, ...] = error.findings
            return found
        return ()


@dataclass(frozen=True)
class FittingCase:
    """A procedure that is understood, but asks what the simulator's channels cannot give."""

    data: bytes
    findings: tuple[str, ...]
    c_rate_ah: float = 2.5
    waveforms: dict[str, bytes] = field(default_factory=dict)

    def found(self, package: Any) -> tuple[str, ...]:
        read = package.reading.read_procedure("large", self.data, self.waveforms.get)
        return tuple(package.fitting.findings(read, self.c_rate_ah, SPECIFICATION))


def _one(first: str, *findings: str) -> Case:
    """A step that is followed by an End."""
    return Case(procedure(first, END), findings)


def _end(finding: str, entry: str) -> Case:
    return _one(rest(entry), f"step 1, end 1: {finding}")


def _line(finding: str, **columns: str) -> WaveformCase:
    return WaveformCase(waveform(wave_line(), wave_line(**columns)), (f"line 2: {finding}",))


FILES = {
    "too many bytes": Case(
        procedure(END).ljust(2_000_001), ("the file has 2,000,001 bytes, more than 2,000,000",)
    ),
    "too many elements": Case(document("<a/>" * 200_000), ("the file has more than 200,000 elements",)),
    "too deep": Case(
        document("<header>" * 32 + "</header>" * 32), ("elements lie more than 32 deep in each other",)
    ),
    "document type": Case(
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><MaccorTestProcedure>&b;</MaccorTestProcedure>',
        ("a document type is not read",),
    ),
    "no XML": Case(
        b"Maccor waveform file version 1.1",
        ("the file is no XML that can be read: syntax error: line 1, column 0",),
    ),
    "wrong encoding": Case(
        b'<?xml version="1.0" encoding="UTF-8"?><MaccorTestProcedure>25 \xb0C</MaccorTestProcedure>',
        ("the file is no XML that can be read: not well-formed (invalid token): line 1, column 62",),
    ),
    "unknown encoding": Case(
        b'<?xml version="1.0" encoding="maccorese"?><MaccorTestProcedure/>',
        ("the file is no XML that can be read: unknown encoding: maccorese",),
    ),
    "other root": Case(b"<ArbinSchedule/>", ("the file is a 'ArbinSchedule', not a MaccorTestProcedure",)),
    "no steps": Case(document(""), ("there are no steps",)),
    "too many steps": Case(
        procedure(*["<TestStep/>"] * 10_000), ("there are 10,000 steps, more than 9,999",)
    ),
}

ELEMENTS = {
    "element of the root": Case(
        document(f"<Safety>4.4</Safety><ProcSteps>{END}</ProcSteps>"),
        ("element 'Safety' in 'MaccorTestProcedure' is not known",),
    ),
    "element of the header": Case(
        document(f"<header><Chamber><Temp>25</Temp></Chamber></header><ProcSteps>{END}</ProcSteps>"),
        ("element 'Chamber' in 'header' is not known",),
    ),
    "element beside steps": Case(
        document(f"<ProcSteps>{END}<SubRoutine>x</SubRoutine></ProcSteps>"),
        ("element 'SubRoutine' in 'ProcSteps' is not known",),
    ),
    "element of a step": _one(
        rest(inside=element("AuxControl", "on")), "step 1: element 'AuxControl' in 'TestStep' is not known"
    ),
    "element of an end": _one(
        rest(end(EndDelay="5")), "step 1: element 'EndDelay' in 'EndEntry' is not known"
    ),
    "element of a text": _one(
        rest(inside="<Option4>N<Deep>er</Deep></Option4>"),
        "step 1: element 'Deep' in 'Option4' is not known",
    ),
    "attribute": _one(
        rest(inside='<Option4 unit="s"></Option4>'), "step 1: attribute 'unit' of 'Option4' is not known"
    ),
    "text among elements": _one(
        "<TestStep>slowly<StepType>AdvCycle</StepType></TestStep>",
        "step 1: text 'slowly' in 'TestStep' is not known",
    ),
    "element twice": _one(
        rest(inside=element("StepNote", "again")),
        "step 1: element 'StepNote' comes more than once in 'TestStep'",
    ),
}

_UNKNOWN_TYPES = (
    "Chg Func",
    "Dis Func",
    "Do Test",
    "Loop Test",
    "Pause",
    "SubRout",
    "EnvChmbr",
    "Ext Chg",
    "Ext Dis",
    "Pls Chg",
    "Pls Dis",
    "I/O Out",
    "Scan",
    "AC Imp",
    "FRA",
)
STEPS = {
    **{
        f"step type {step_type}": _one(step(step_type), f"step 1: step type '{step_type}' is not simulated")
        for step_type in _UNKNOWN_TYPES
    },
    "no step type": _one(step(""), "step 1: step type '' is not simulated"),
    "loop number": Case(
        procedure(step("Do 5"), rest(), step("Loop 5"), END),
        (
            "step 1: 'Do 5' has no loop number from 1 to 4",
            "step 3: 'Loop 5' has no loop number from 1 to 4",
        ),
    ),
    "option": _one(rest(Option2="Y"), "step 1: Option2 'Y' is not simulated"),
    "fourth option": _one(rest(inside=element("Option4", "Y")), "step 1: Option4 'Y' is not simulated"),
    "mode": _one(step("Charge", "Ramp", "1.0"), "step 1: step mode 'Ramp' is not simulated"),
    "no mode": _one(step("Charge", "", "1.0"), "step 1: step mode '' is not simulated"),
    "no value": _one(step("Charge", "Current"), "step 1, StepValue: '' is no number"),
    "formula": _one(
        charge("0|4*CRATE*(STIME/3600)"), "step 1, StepValue: '0|4*CRATE*(STIME/3600)' is no number"
    ),
    "decimal comma": _one(charge("4,2"), "step 1, StepValue: '4,2' is no number"),
    "large number": _one(charge("1.0E99"), "step 1, StepValue: '1.0E99' is too large a number"),
    "negative": _one(charge("-1.0"), "step 1, StepValue: '-1.0' is negative, which only a voltage can be"),
    "C-rate of a voltage": _one(
        step("Charge", "Voltage", "1.0C"),
        "step 1, StepValue: '1.0C' is a C-rate, which only a current or a capacity can be",
    ),
    "no resistance": _one(
        step("Dischrge", "Resistance", "0.0"), "step 1, StepValue: '0.0' has to be more than zero"
    ),
    "range": _one(rest(Range="5"), "step 1: range '5' is not simulated"),
    "mode of a rest": _one(rest(mode="Current"), "step 1: a step 'Rest' has no StepMode"),
    "value of an End": _one(step("End", value="2"), "step 1: a step 'End' has no StepValue"),
    "limits of a rest": _one(rest(limits={"Voltage": "4.2"}), "step 1: a step 'Rest' has no Limits"),
    "ends of a wave": Case(
        procedure(step("FastWave", value="w", ends=[end()]), END),
        ("step 1: a step 'FastWave' has no Ends",),
        {"w": waveform(wave_line())},
    ),
    "reports of an AdvCycle": _one(
        step("AdvCycle", reports=[report()]), "step 1: a step 'AdvCycle' has no Reports"
    ),
    "range of a Do": Case(
        procedure(step("Do 1", Range="4"), rest(), loop(1, goto=4), END),
        ("step 1: a step 'Do 1' has no Range",),
    ),
}

LIMITS = {
    "limit": _one(charge(limits={"Temp": "45"}), "step 1: limit 'Temp' is not simulated"),
    "limit of the controlled": _one(
        charge(limits={"Current": "2.0"}), "step 1: limit 'Current' is what the step controls"
    ),
    "limit twice": _one(
        charge(limits={"Voltage": "4.2", "voltage": "4.3"}), "step 1, limit voltage: comes more than once"
    ),
    "limit's value": _one(
        charge(limits={"Voltage": "4.43|4.43"}), "step 1, limit Voltage: '4.43|4.43' is no number"
    ),
    "no resistance as limit": _one(
        charge(limits={"Resistance": "0"}), "step 1, limit Resistance: '0' has to be more than zero"
    ),
}

ENDS = {
    "end type": _end("end type 'Themocpl' is not simulated", end("Themocpl", ">=", "1/50.0")),
    "no end type": _end("end type '' is not simulated", end("")),
    "loop count": _end("'Loop Cnt' ends loops only", end("Loop Cnt", "=", "3")),
    "special type": _end("special type 'VAR1' is not simulated", end(SpecialType="VAR1")),
    "safety": _end("ChanSafetyEnd 'Maybe' is neither True nor False", end(ChanSafetyEnd="Maybe")),
    "time at most": _end("operator '<=' does not fit step time", end("StepTime", "<=")),
    "voltage equal": _end("operator '=' does not fit voltage", end("Voltage", "=", "4.2")),
    "capacity at most": _end("operator '<=' does not fit capacity", end("Amp Hour", "<=", "1.0")),
    "no operator": _end("operator '' does not fit current", end("Current", "", "1.0")),
    "no time": _end("'90' is no time hh:mm:ss", end("StepTime", "=", "90")),
    "sixty minutes": _end("'00:60:00' is no time hh:mm:ss", end("StepTime", "=", "00:60:00")),
    "only colons": _end("'::' is no time hh:mm:ss", end("StepTime", "=", "::")),
    "time zero": _end("'00:00:00' has to be more than zero", end("StepTime", "=", "00:00:00")),
    "capacity zero": _end("'0C' has to be more than zero", end("Amp Hour", ">=", "0C")),
    "no number": _end("'high' is no number", end("Voltage", ">=", "high")),
    "no goto": _end("goes to '', which is no step number", end(Step="")),
    "goto a name": _end("goes to 'Next', which is no step number", end(Step="Next")),
    "goto nowhere": _end("goes to step 999, but the last step is 2", end(Step="999")),
    "goto zero": _end("goes to step 0, but the last step is 2", end(Step="000")),
}

REPORTS = {
    "report type": _one(
        rest(reports=[report(" SetVar ", "atEnd: VAR2=100")]),
        "step 1, report 1: report type 'SetVar' is not simulated",
    ),
    "report by power": _one(
        rest(reports=[report("Power", "1.0")]), "step 1, report 1: report type 'Power' is not simulated"
    ),
    "report's value": _one(
        rest(reports=[report(), report("Voltage", "0.0")]),
        "step 1, report 2: '0.0' has to be more than zero",
    ),
    "too often": _one(
        rest(reports=[report("StepTime", "::.001")]), "step 1, report 1: '::.001' is shorter than 0.01 s"
    ),
}

LOOPS = {
    "no end": Case(
        procedure(step("Do 1"), rest(), step("Loop 1"), END), ("step 3: a loop has one end, not 0",)
    ),
    "two ends": Case(
        procedure(
            step("Do 1"), rest(), step("Loop 1", ends=[end("Loop Cnt", "=", "2", 4), end("Voltage")]), END
        ),
        ("step 3: a loop has one end, not 2",),
    ),
    "other end": Case(
        procedure(step("Do 1"), rest(), loop(1, goto=4, EndType="Voltage"), END),
        ("step 3, end 1: a loop ends by Loop Cnt, not by 'Voltage'",),
    ),
    "operator": Case(
        procedure(step("Do 1"), rest(), loop(1, goto=4, Oper=">="), END),
        ("step 3, end 1: operator '>=' does not fit a loop count",),
    ),
    "safety": Case(
        procedure(step("Do 1"), rest(), loop(1, goto=4, ChanSafetyEnd="True"), END),
        ("step 3, end 1: a loop has no ChanSafetyEnd, such as 'True'",),
    ),
    "special type": Case(
        procedure(step("Do 1"), rest(), loop(1, goto=4, SpecialType="VAR1"), END),
        ("step 3, end 1: special type 'VAR1' is not simulated",),
    ),
    "no number of times": Case(
        procedure(step("Do 1"), rest(), loop(1, "2.5", goto=4), END),
        ("step 3, end 1: '2.5' is no number of times",),
    ),
    "zero times": Case(
        procedure(step("Do 1"), rest(), loop(1, "0", goto=4), END),
        ("step 3, end 1: '0' is no number of times",),
    ),
    "goto nowhere": Case(
        procedure(step("Do 1"), rest(), loop(1, goto=5), END),
        ("step 3, end 1: goes to step 5, but the last step is 4",),
    ),
    "Do without Loop": Case(procedure(step("Do 2"), rest(), END), ("step 1: Do 2 has no Loop 2",)),
    "Loop without Do": Case(
        procedure(rest(), loop(1, goto=3), END), ("step 2: Loop 1 has no Do 1 before it",)
    ),
    "Do twice": Case(
        procedure(step("Do 1"), step("Do 1"), rest(end(goto=4)), loop(1, goto=5), END),
        ("step 2: Do 1 begins again before the Loop 1 of step 1",),
    ),
    "loops that cross": Case(
        procedure(step("Do 1"), step("Do 2"), rest(end(goto=4)), loop(1, goto=5), loop(2, goto=6), END),
        (
            "step 4: Loop 1 lies inside loop 2 of step 2, its Do does not",
            "step 5: Loop 2 has no Do 2 before it",
        ),
    ),
    "no time": Case(
        procedure(step("Do 1"), ADVANCE, loop(1, "9999999", goto=4), END),
        ("step 3: loop 1 has no step that takes time",),
    ),
    "jump in": Case(
        procedure(rest(end(goto=3)), step("Do 1"), rest(end(goto=4)), loop(1, goto=5), END),
        ("step 1, end 1: goes to step 3, into the loop of step 2",),
    ),
    "jump back in": Case(
        procedure(step("Do 1"), rest(end(goto=3)), loop(1, goto=2), END),
        ("step 3, end 1: goes to step 2, into the loop of step 1",),
    ),
    "jump into two": Case(
        procedure(
            rest(end(goto=4)),
            step("Do 1"),
            step("Do 2"),
            rest(end(goto=5)),
            loop(2, goto=6),
            loop(1, goto=7),
            END,
        ),
        (
            "step 1, end 1: goes to step 4, into the loop of step 2",
            "step 1, end 1: goes to step 4, into the loop of step 3",
        ),
    ),
}

WAVES = {
    "no waveform": _one(step("FastWave", value="LA4"), "step 1: there is no waveform 'LA4'"),
    "no name": _one(step("FastWave"), "step 1: there is no waveform ''"),
    "broken lines": Case(
        # Told once, although two steps use it.
        procedure(step("FastWave", value="LA4"), step("FastWave", value="LA4"), END),
        (
            "step 1: waveform 'LA4', line 2: state 'R' is not simulated",
            "step 1: waveform 'LA4', line 3: has 1 columns, not 12",
        ),
        {"LA4": waveform(wave_line(), FIRST_REFUSED_LINE, "3.0")},
    ),
}

WAVEFORMS = {
    "too many bytes": WaveformCase(b" " * 2_000_001, ("the file has 2,000,001 bytes, more than 2,000,000",)),
    "empty": WaveformCase(b"\r\n\r\n", ("the file has no lines",)),
    "other format": WaveformCase(
        b"Maccor waveform file version 1.1\r\n6B82\r\n",
        ("format 'Maccor waveform file version 1.1' is not simulated",),
    ),
    "blank line": WaveformCase(waveform(wave_line(), "", wave_line()), ("line 2: has 1 columns, not 12",)),
    "columns": WaveformCase(waveform(wave_line() + "\tA"), ("line 1: has 13 columns, not 12",)),
    "state": _line("state 'R' is not simulated", state="R"),
    "control mode": _line("control mode 'T' is not simulated", control_mode="T"),
    "value": _line("'' is no number", value=""),
    "limit mode": _line("limit 'X' is not simulated", limit_mode="X", limit_value="3"),
    "limit without mode": _line("limit '' is not simulated", limit_value="3"),
    "limit of the controlled": _line("limit 'P' is what the step controls", limit_mode="P", limit_value="3"),
    "limit value": _line("'' is no number", limit_mode="I"),
    "no duration": _line("'' is no number", duration=""),
    "duration as a time": _line("'00:00:01' is no number", duration="00:00:01"),
    "duration zero": _line("'0.0' has to be more than zero", duration="0.0"),
    "duration shorter than a tick": _line("'0.005' is shorter than 0.01 s", duration="0.005"),
    "end mode": _line("end mode 'T' is not simulated", end_mode="T"),
    "operator": _line("operator '=' does not fit voltage", operator="="),
    "end value": _line("'low' is no number", end_value="low"),
    "report mode": _line("report mode 'V' is not simulated", report_mode="V"),
    "report interval": _line("'0.001' is shorter than 0.01 s", report_interval="0.001"),
    "range": _line("range '5' is not simulated", current_range="5"),
}

FITTING = {
    "current": FittingCase(
        procedure(step("Dischrge", "Current", "7.42"), END),
        ("step 1: 7.42 A is more than range 4 of this channel, 5 A",),
    ),
    "C-rate": FittingCase(
        procedure(charge("3.0C"), END), ("step 1: 7.5 A is more than range 4 of this channel, 5 A",)
    ),
    "fixed range": FittingCase(
        procedure(charge("1.0", Range="3"), END),
        ("step 1: 1 A is more than range 3 of this channel, 0.15 A",),
    ),
    "limit": FittingCase(
        procedure(step("Charge", "Voltage", "4.2", {"Current": "6.0"}), END),
        ("step 1: 6 A is more than range 4 of this channel, 5 A",),
    ),
    "voltage": FittingCase(
        procedure(charge(limits={"Voltage": "5.5"}), END), ("step 1: 5.5 V is more than this channel's 5 V",)
    ),
    "voltage below": FittingCase(
        procedure(step("Dischrge", "Voltage", "-0.5"), END),
        ("step 1: -0.5 V is less than this channel's 0 V",),
    ),
    "power": FittingCase(
        procedure(step("Dischrge", "Power", "25.1"), END),
        ("step 1: 25.1 W is more than range 4 of this channel, 25 W",),
    ),
    "no 1C": FittingCase(
        procedure(charge("1.0C"), END),
        ("step 1: a C-rate needs a 1C above zero, not nan A",),
        c_rate_ah=math.nan,
    ),
    "1C of zero, in an end": FittingCase(
        procedure(rest(), rest(end("Amp Hour", ">=", "1.2C")), END),
        ("step 2: a C-rate needs a 1C above zero, not 0 A",),
        c_rate_ah=0.0,
    ),
    "waveform": FittingCase(
        # The first line that does not fit.
        procedure(step("FastWave", value="LA4"), END),
        ("step 1: waveform 'LA4', line 2: 26 W is more than range 4 of this channel, 25 W",),
        waveforms={"LA4": waveform(wave_line(), wave_line(value="26"), wave_line(value="27"))},
    ),
}

_GROUPS: dict[str, dict[str, Any]] = {
    "file": FILES,
    "element": ELEMENTS,
    "step": STEPS,
    "limit": LIMITS,
    "end": ENDS,
    "report": REPORTS,
    "loop": LOOPS,
    "wave": WAVES,
    "waveform": WAVEFORMS,
    "fitting": FITTING,
}
AnyCase = Case | WaveformCase | FittingCase
CASES: dict[str, AnyCase] = {
    f"{group}: {name}": case for group, cases in _GROUPS.items() for name, case in cases.items()
}
