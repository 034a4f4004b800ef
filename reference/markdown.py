"""Tables, links and blocks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from reference.derived import Number

_WIDTH = 100
_BYTES_PER_LINE = 16
_NUMBER = re.compile(r"(?<!\[)\((\d+), (\d+)\)")


def page_name(number: Number) -> str:
    """The file of a function's page."""
    row = FUNCTIONS[number]
    return f"{row.fclass}-{row.fnum}-{row.name}.md"


def linked(text: str, here: Number | None = None) -> str:
    """A text whose function numbers are links to their pages, but for the page that it is on."""

    def link(found: re.Match[str]) -> str:
        number = (int(found[1]), int(found[2]))
        return f"[{found[0]}]({page_name(number)})" if number in FUNCTIONS and number != here else found[0]

    return _NUMBER.sub(link, text)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; columns in which no row has anything are left out."""
    content = [*rows]
    shown = [at for at in range(len(heads)) if any(row[at] for row in content)]
    yield _row(heads, shown)
    yield "|" + "---|" * len(shown)
    for row in content:
        yield _row(row, shown)
    yield ""


def _row(cells: Sequence[str], shown: Sequence[int]) -> str:
    return "| " + " | ".join(cells[at].replace("|", "\\|") for at in shown) + " |"


def block(kind: str, lines: Iterable[str]) -> Iterator[str]:
    """A block of code."""
    yield f"```{kind}"
    yield from lines
    yield "```"
    yield ""


def wrapped_json(text: bytes) -> Iterator[str]:
    """JSON in lines of bearable length, broken where a new key or value begins."""
    line = ""
    for part in re.split(r"(?<=,)(?=[\"{])", text.decode()):
        if line and len(line) + len(part) > _WIDTH:
            yield line
            line = " "
        line += part
    yield line


def hex_lines(header: bytes, data: bytes) -> Iterator[str]:
    """Bytes in hex: the header in a line of its own, then the data."""
    yield header.hex(" ").upper()
    for at in range(0, len(data), _BYTES_PER_LINE):
        yield data[at : at + _BYTES_PER_LINE].hex(" ").upper()
