"""Sequence diagrams: who says what to whom, one thing after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reference.svg import GREY, INK, ORANGE, PALE_ORANGE, box, document, line, text

_TOP = 60
_ROW = 34
_EDGE = 80
_NOTE_LETTER = 6.6


class Says(NamedTuple):
    """A message from one actor to another; `lost` never arrives, `answers` is drawn dashed."""

    sender: str
    receiver: str
    words: str
    is_lost: bool = False
    is_answer: bool = False


class Note(NamedTuple):
    """What an actor does by itself, or what the reader should see."""

    actor: str
    words: str


Step = Says | Note


class Diagram(NamedTuple):
    """A diagram: its title, who takes part, from left to right, and what happens."""

    title: str
    actors: Sequence[str]
    steps: Sequence[Step]
    distance: int = 220


def drawing(sequence: Diagram) -> str:
    """The diagram as SVG."""
    places = {actor: _EDGE + at * sequence.distance for at, actor in enumerate(sequence.actors)}
    width = 2 * _EDGE + (len(places) - 1) * sequence.distance
    parts: list[str] = []
    y = float(_TOP)
    for step in sequence.steps:
        y += _ROW
        parts += _message(step, places, y) if isinstance(step, Says) else _note(step, places, y, width)
    height = int(y) + 30
    return document(width, height, sequence.title, [*_actors(places, height), *parts])


def _actors(places: dict[str, float] | dict[str, int], height: int) -> Iterator[str]:
    for actor, x in places.items():
        yield line(x, 40, x, height - 10, GREY, ' stroke-dasharray="2 4"')
        yield box(x - 62, 14, 124, 30)
        yield text(x, 34, actor, more=' font-weight="600"')


def _message(step: Says, places: dict[str, int], y: float) -> Iterator[str]:
    start, end = places[step.sender], places[step.receiver]
    if step.is_lost:
        end = (start + end) // 2 + (30 if end > start else -30)
    dashes = ' stroke-dasharray="6 4"' if step.is_answer else ""
    stroke = ORANGE if step.is_lost else INK
    yield line(start, y, end, y, stroke, f'{dashes} stroke-width="1.4" marker-end="url(#arrow)"')
    if step.is_lost:
        yield text(end + (10 if end > start else -10), y + 5, "x", fill=ORANGE, more=' font-size="20"')
    yield text((places[step.sender] + places[step.receiver]) / 2, y - 6, step.words, more=' font-size="12.5"')


def _note(step: Note, places: dict[str, int], y: float, width: int) -> Iterator[str]:
    x = places[step.actor]
    half = len(step.words) * _NOTE_LETTER / 2 + 10
    # Beside its actor, but within the paper.
    middle = min(max(x, half + 6), width - half - 6)
    yield box(middle - half, y - 19, 2 * half, 24, PALE_ORANGE, ORANGE)
    yield text(middle, y - 2, step.words, more=' font-size="12.5"')
