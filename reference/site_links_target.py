"""Where a link that leads out of docs/ leads in the site. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OUT_OF_DOCS = re.compile(r"((?:\.\./)*)\.\./([\w./-]+)")


def site_target(href: str, shown: Mapping[str, str]) -> str:
    """Where a link leads in the site.

    Args:
        href: as the page has it.
        shown: the files and folders that pages of the site show, by their paths in the repository.
    """
    found = _OUT_OF_DOCS.fullmatch(href)
    return found[1] + shown[found[2]] if found and found[2] in shown else href
