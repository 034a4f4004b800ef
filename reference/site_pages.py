"""The pages below docs/ that are made for the site, by their paths there."""

from __future__ import annotations

from functools import cache

from reference.capacity import capacity_page
from reference.command_line import command_line_page
from reference.configuration import configuration_page
from reference.drawings import drawings
from reference.sources import source_pages
from reference.verbs_page import verbs_page


@cache
def site_pages() -> dict[str, str]:
    """All of them but those of the Python API, which need Griffe."""
    return {
        "operations/capacity.md": capacity_page(),
        "reference/command-line.md": command_line_page(),
        "reference/configuration.md": configuration_page(),
        "reference/verbs.md": verbs_page(),
        **source_pages(),
        **drawings(),
    }
