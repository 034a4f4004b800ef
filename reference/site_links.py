"""Links of the pages that lead out of docs/, for the site: to the page that shows the file.

In the repository `../examples/alert_service.py` is a file beside docs/; the site has its text on the page
of the examples. A Markdown extension, for zensical.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

from reference.sources import shown_files

_OUT_OF_DOCS = re.compile(r"((?:\.\./)*)\.\./([\w./-]+)")


def site_target(href: str, shown: Mapping[str, str]) -> str:
    """Where a link leads in the site.

    Args:
        href: as the page has it.
        shown: the files and folders that pages of the site show, by their paths in the repository.
    """
    found = _OUT_OF_DOCS.fullmatch(href)
    return found[1] + shown[found[2]] if found and found[2] in shown else href


class _Links(Treeprocessor):
    def __init__(self, md: Markdown, shown: Mapping[str, str]) -> None:
        super().__init__(md)
        self._shown = shown

    def run(self, root: Element) -> None:
        for link in root.iter("a"):
            link.set("href", site_target(link.get("href", ""), self._shown))


class SiteLinks(Extension):
    """Puts the table of shown files in force."""

    def extendMarkdown(self, md: Markdown) -> None:
        # Behind the processor of inline marks, which makes the links.
        md.treeprocessors.register(_Links(md, shown_files()), "site-links", 15)


def makeExtension(**_: Any) -> SiteLinks:
    """What Markdown looks for."""
    return SiteLinks()
