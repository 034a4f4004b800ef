"""What the built site has: the addresses and anchors of its pages, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}
"""What a browser fetches by itself when it shows a page."""


@dataclass
class Page(HTMLParser):
    """One page: its anchors, what it links to, and what a browser fetches for it."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if values.get("rel") not in ("canonical", "next", "prev") and _FETCHED.get(tag, "") in values:
            self.fetched.append(values[_FETCHED[tag]])


class Site:
    """All pages of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}

    def dead_ends(self) -> Iterator[str]:
        """Every link or picture that leads nowhere, with its page."""
        for page in self.pages.values():
            for target in [*page.links, *page.fetched]:
                if not self._is_there(page, target):
                    yield f"{page.path.relative_to(self.folder).as_posix()}: {target}"

    def _is_there(self, page: Page, target: str) -> bool:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            return True
        path = self._path(page, unquote(parts.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            return False
        there = self.pages.get(path)
        return not parts.fragment or there is None or unquote(parts.fragment) in there.anchors

    def _path(self, page: Page, path: str) -> Path:
        if path.startswith("/"):  # of the page for what is not there, which may be shown anywhere
            return (self.folder / path.lstrip("/")).resolve()
        return (page.path.parent / path).resolve() if path else page.path.resolve()

    def from_elsewhere(self) -> Iterator[str]:
        """What a browser would fetch from other places, by pages and style sheets."""
        for page in self.pages.values():
            for target in page.fetched:
                if urlsplit(target).netloc:
                    yield f"{page.path.name}: {target}"
        for sheet in self.folder.rglob("*.css"):
            for target in re.findall(r"url\(['\"]?((?:https?:)?//[^)'\"]+)", sheet.read_text("utf-8")):
                yield f"{sheet.name}: {target}"
