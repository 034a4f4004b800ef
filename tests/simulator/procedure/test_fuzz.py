"""Whatever bytes come in: a procedure comes out, or `NotUnderstood`, and nothing else."""

from __future__ import annotations

from xml import sax

from hypothesis import example, given, settings
from hypothesis import strategies as st

from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.rows import Procedure, Step
from macnet_bridge.simulator.machine.procedure.waveform import read_waveform
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
    waveform,
)

WAVE = waveform(wave_line(), wave_line(state="C", control_mode="I", limit_mode="V", limit_value="4.2"))
VALID = procedure(
    step("Do 1"),
    charge("0.5C", limits={"Voltage": "4.2"}, ends=[end("Current", "<=", "0.05C", 3)], Range="4"),
    rest(end(goto=4), end("Amp Hour", ">=", "1.2C", 7, ChanSafetyEnd="True"), reports=[report()]),
    step("FastWave", value="LA4"),
    ADVANCE,
    loop(1, goto=7),
    END,
)
_PIECES = (b"<", b">", b"</", b"<!DOCTYPE a [", b"<!ENTITY a 'b'>", b"]>", b"&a;", b"&#0;", b"&#x10FFFF;")
_WORDS = (b"\x00", b"\xff", b"\xc3", b"\t", b"\r\n", b":", b"-", b"1e999", b"Loop 1", b"Do 1", b"UTF-16")
PIECES = st.sampled_from(_PIECES + _WORDS) | st.binary(max_size=6)

_LOOPS = [
    text for number in (1, 2) for text in (step(f"Do {number}"), loop(number, goto=1), loop(number, goto=4))
]
STEPS = [rest(end(goto=goto)) for goto in (1, 2, 3, 5)] + _LOOPS + [ADVANCE, END]


@st.composite
def damaged(draw: st.DrawFn, valid: bytes) -> bytes:
    """A file in which some pieces are gone, doubled or other ones."""
    data = valid
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 60)))
        piece = draw(PIECES | st.just(data[start:stop] * 2))
        data = data[:start] + piece + data[stop:]
    return data


def check(findings: tuple[str, ...]) -> None:
    assert findings
    for text in findings:
        assert text.isascii()
        assert text.isprintable()
        assert 0 < len(text) <= 200


class _Steps(sax.ContentHandler):
    """Counts the steps of a document in another way."""

    count = 0

    def startElement(self, name: str, attrs: object) -> None:
        self.count += name == "TestStep"


def read_any(data: bytes) -> Procedure | None:
    """A procedure that is whole, or None for what is refused as it should be."""
    try:
        made = read_procedure("any", data, {"LA4": WAVE}.get)
    except NotUnderstood as error:
        check(error.findings)
        return None
    steps = _Steps()
    sax.parseString(data, steps)
    assert len(made.rows) == steps.count
    return made


def test_the_valid_files_are_valid() -> None:
    made = read_any(VALID)
    assert made is not None
    assert len(made.rows) == 7
    assert len(read_waveform(WAVE)) == 2


@given(damaged(VALID))
@settings(max_examples=500)
def test_damaged_procedures(data: bytes) -> None:
    made = read_any(data)
    if made is not None:
        gotos = [part.goto for row in made.rows if isinstance(row, Step) for part in row.ends]
        assert all(1 <= goto <= len(made.rows) for goto in gotos)


@given(st.binary(max_size=200) | st.text().map(str.encode))
@example(b"")
@example(b'<?xml version="1.0" encoding="utf-7"?><MaccorTestProcedure/>')
@example(b'<?xml version="1.0" encoding="shift_jis"?><MaccorTestProcedure/>')
@example(b'<?xml version="1.0" encoding="rot13"?><MaccorTestProcedure/>')
@example(b'<?xml version="1.0" encoding="base64"?><MaccorTestProcedure/>')
@example(b'<?xml version="1.0" encoding="idna"?><MaccorTestProcedure/>')
def test_any_bytes(data: bytes) -> None:
    assert read_any(data) is None


def test_every_part_of_a_procedure_is_refused() -> None:
    # The last bytes are a line end, which may be missing.
    for cut in range(len(VALID.rstrip())):
        assert read_any(VALID[:cut]) is None


@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_any_order_of_steps(steps: list[str]) -> None:
    read_any(procedure(*steps))


@given(damaged(WAVE) | st.binary(max_size=100))
def test_damaged_waveforms(data: bytes) -> None:
    try:
        segments = read_waveform(data)
    except NotUnderstood as error:
        check(error.findings)
    else:
        assert all(segment.second > 0 for segment in segments)
        assert len(segments) == len(data.rstrip(b"\r\n").splitlines())
