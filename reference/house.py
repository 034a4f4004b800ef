"""The house in one picture: the floors of [tool.importlinter] in pyproject.toml, and what rooms are for."""

from __future__ import annotations

import ast
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path

from reference.sources import ROOT
from reference.svg import GREY, ORANGE, PALE_ORANGE, box, document, line, text, wrapped

PACKAGE = ROOT / "macnet_bridge"
_WIDTH = 980
_LEFT, _RIGHT = 60, 20
_GAP = 10
_ROOM = 56
_MIN_ROOM = 170
_LETTER = 6.6
_ROOF = 74


def floors() -> list[list[str]]:
    """The rooms of each floor, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    return [layer.replace("|", ":").replace(" ", "").split(":") for layer in layers]


def house_drawing() -> str:
    """docs/assets/house.svg"""
    parts: list[str] = []
    y = _ROOF
    levels = floors()
    for number, rooms in zip(range(len(levels), 0, -1), levels, strict=True):
        drawn, height = _floor(rooms, y)
        parts += [text(_LEFT / 2, y + height / 2 + 5, str(number), fill=GREY, more=' font-size="20"'), *drawn]
        y += height + _GAP
        parts.append(
            line(_LEFT - 10, y - _GAP / 2, _WIDTH - _RIGHT, y - _GAP / 2, GREY, ' stroke-width="0.6"')
        )
    return document(_WIDTH, y + 34, "The floors of macnet_bridge", [*_roof(), *parts, *_ground(y)])


def _roof() -> Iterator[str]:
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield (
        f'<path d="M{_LEFT - 14} {_ROOF - 8}L{middle} 12L{_WIDTH - _RIGHT + 8} {_ROOF - 8}z" '
        f'fill="{PALE_ORANGE}" stroke="{ORANGE}"/>'
    )
    yield text(middle, _ROOF - 24, "macnet_bridge: imports point down, rooms do not import each other")


def _ground(y: float) -> Iterator[str]:
    yield text(
        (_LEFT + _WIDTH - _RIGHT) / 2,
        y + 18,
        "paho only in broker, sqlite3 in store, amqtt in embedded_broker, app.config in app and cli",
        fill=GREY,
        more=' font-size="13"',
    )


def _floor(rooms: list[str], top: int) -> tuple[list[str], int]:
    """The rooms of a floor, in as many rows as they need, and how high they are."""
    space = _WIDTH - _LEFT - _RIGHT
    in_row = math.ceil(len(rooms) / math.ceil(len(rooms) * _MIN_ROOM / space))
    rows = [rooms[at : at + in_row] for at in range(0, len(rooms), in_row)]
    drawn: list[str] = []
    for number, row in enumerate(rows):
        width = (space - _GAP * (len(row) - 1)) / len(row)
        for at, room in enumerate(row):
            drawn += _room(room, _LEFT + at * (width + _GAP), top + number * (_ROOM + _GAP), width)
    return drawn, len(rows) * (_ROOM + _GAP) - _GAP


def _room(room: str, x: float, y: float, width: float) -> Iterator[str]:
    yield box(x, y, width, _ROOM)
    yield text(x + width / 2, y + 18, room, more=' font-weight="600" font-size="13"')
    lines = wrapped(purpose(room).split(), int((width - 10) / _LETTER))
    for at, words in enumerate(lines[:2]):
        ending = "…" if at == 1 and len(lines) > 2 else ""
        yield text(x + width / 2, y + 34 + at * 14, words + ending, fill=GREY, more=' font-size="11.5"')


def purpose(room: str) -> str:
    """What a room's docstring says first, without the room's own name."""
    said = ast.get_docstring(ast.parse(_source(room).read_text("utf-8"))) or ""
    name, colon, rest = said.split("\n\n")[0].replace("\n", " ").replace("`", "").partition(": ")
    words = rest if colon and " " not in name else name
    return words.split(". ")[0].split(": ")[0].rstrip(".")


def _source(room: str) -> Path:
    path = PACKAGE.joinpath(*room.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
