"""Parts of drawings, as SVG: boxes, lines and text in the colours of the site. Drawn for light paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

INK = "#1b2b34"
TEAL = "#0f6e6e"
PALE = "#e3f1f0"
ORANGE = "#b4530a"
PALE_ORANGE = "#fbeadb"
GREY = "#5d6b73"
_FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def document(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """A whole drawing, on white paper with round corners, so that it can be read on a dark page."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="{_FONT}" font-size="14" fill="{INK}">'
    )
    marker = (
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>'
    )
    paper = f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>'
    lines = [head, f"<title>{escape(title)}</title>", marker, paper, *parts, "</svg>"]
    return "\n".join(lines) + "\n"


def box(x: float, y: float, width: float, height: float, fill: str = PALE, stroke: str = TEAL) -> str:
    """A rectangle with round corners."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" '
        f'fill="{fill}" stroke="{stroke}"/>'
    )


def text(x: float, y: float, words: str, anchor: str = "middle", fill: str = INK, more: str = "") -> str:
    """A line of text, with its baseline at `y`."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{fill}"{more}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = INK, more: str = "") -> str:
    """A straight line; `more` may have dashes and an arrow."""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{stroke}"{more}/>'


def wrapped(words: Sequence[str], width: int) -> list[str]:
    """Words in lines of at most so many characters."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
