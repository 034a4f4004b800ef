"""The pages below docs/ that are made for the site, by their paths there."""

from __future__ import annotations

from reference.sources import source_pages


def site_pages() -> dict[str, str]:
    """All of them, and the drawings."""
    return source_pages()
