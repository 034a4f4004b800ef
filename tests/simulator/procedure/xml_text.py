"""Writes procedures in Maccor's XML and waveforms, from the texts that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

HEADER = (
    "<header><BuildTestVersion><major>1</major><minor>5</minor></BuildTestVersion>"
    "<FileFormatVersion><BTVersion>11</BTVersion></FileFormatVersion>"
    "<ProcDesc><desc>made for a test</desc></ProcDesc></header>"
)


def element(name: str, text: str = "") -> str:
    return f"<{name}>{escape(text)}</{name}>"


def end(
    end_type: str = "StepTime", operator: str = "=", value: str = "00:00:10", goto: int = 2, **others: str
) -> str:
    """An EndEntry; `others` are elements by name, which may replace the usual ones."""
    parts = {
        "EndType": end_type.center(8),
        "SpecialType": " ",
        "Oper": f" {operator} ",
        "Step": f"{goto:03}",
        "Value": value,
        **others,
    }
    return f"<EndEntry>{''.join(element(*part) for part in parts.items())}</EndEntry>"


def report(report_type: str = "StepTime", value: str = "00:00:30") -> str:
    return f"<ReportEntry>{element('ReportType', report_type)}{element('Value', value)}</ReportEntry>"


def step(
    step_type: str,
    mode: str = "",
    value: str = "",
    limits: Mapping[str, str] = {},
    ends: Iterable[str] = (),
    reports: Iterable[str] = (),
    inside: str = "",
    **others: str,
) -> str:
    """A TestStep; `others` are elements by name, `inside` is put into it as it is."""
    texts = {"Range": "", "Option1": "", "Option2": "", "Option3": "", "StepNote": "", **others}
    parts = (
        element("StepType", step_type.center(8)),
        element("StepMode", mode.center(8)),
        element("StepValue", value),
        f"<Limits>{''.join(element(*limit) for limit in limits.items())}</Limits>",
        f"<Ends>{''.join(ends)}</Ends>",
        f"<Reports>{''.join(reports)}</Reports>",
        *(element(*text) for text in texts.items()),
        inside,
    )
    return f"<TestStep>{''.join(parts)}</TestStep>"


def charge(value: str = "1.0", **parts: object) -> str:
    return step("Charge", "Current", value, **parts)  # type: ignore[arg-type]


def rest(*ends: str, **parts: object) -> str:
    return step("Rest", ends=ends or (end(),), **parts)  # type: ignore[arg-type]


def loop(number: int, times: str = "2", goto: int = 1, **others: str) -> str:
    return step(f"Loop {number}", ends=[end("Loop Cnt", "=", times, goto, **others)])


def document(inside: str, encoding: str = "UTF-8") -> bytes:
    """A file with a root of the right name."""
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    instruction = '<?maccor-application progid="Maccor Procedure File"?>'
    text = f"{declared}\r\n{instruction}\r\n<MaccorTestProcedure>{inside}</MaccorTestProcedure>\r\n"
    return text.encode(encoding)


def procedure(*steps: str, encoding: str = "UTF-8") -> bytes:
    return document(f"{HEADER}<ProcSteps>{''.join(steps)}</ProcSteps>", encoding)


END = step("End")
ADVANCE = step("AdvCycle")


def wave_line(**others: str) -> str:
    """A line of a waveform: 1 s of discharge with 2 W, until 3 V; `others` are columns by name."""
    columns = {
        "state": "D",
        "control_mode": "P",
        "value": "2.0",
        "limit_mode": "",
        "limit_value": "",
        "duration": "1.0000",
        "end_mode": "V",
        "operator": "<=",
        "end_value": "3.000000",
        "report_mode": "T",
        "report_interval": "10.00000",
        "current_range": "A",
    }
    assert others.keys() <= columns.keys()
    return "\t".join({**columns, **others}.values())


def waveform(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
