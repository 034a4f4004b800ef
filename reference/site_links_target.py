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
    if found is None:
        return href
    path, folder = found[2], found[2].rpartition("/")[0]
    # What is in a folder that is shown, and is itself too much to show, such as a notebook: the page.
    target = shown.get(path) or shown.get(folder)
    return found[1] + target if target else href
