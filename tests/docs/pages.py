"""The blocks of code on all pages of the site, fenced and indented ones, as Markdown sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Block:
    """One block: its page below docs/, its language (empty for none), its text, its line."""

    page: str
    language: str
    text: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def all_blocks() -> tuple[Block, ...]:
    """Of all pages, in the order of pages and of lines."""
    return tuple(block for path in sorted(DOCS.rglob("*.md")) for block in blocks_of(path))


def blocks_of(path: Path, root: Path = DOCS) -> list[Block]:
    """Of one page."""
    tokens = MarkdownIt().parse(path.read_text("utf-8"))
    found = [token for token in tokens if token.type in ("fence", "code_block")]
    page = path.relative_to(root).as_posix()
    return [_block(page, token) for token in found]


def _block(page: str, token: Token) -> Block:
    language = (token.info.split() or [""])[0]
    return Block(page, language, token.content, (token.map or [0])[0] + 1)
