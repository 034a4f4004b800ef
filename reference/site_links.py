"""Links of the pages that lead out of docs/, for the site: to the page that shows the file.

In the repository `../examples/alert_service.py` is a file beside docs/; the site has its text on the page
of the examples. A Markdown extension, for zensical.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

from reference.site_links_target import site_target
from reference.sources import shown_files


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
