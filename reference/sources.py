"""Pages that show files of the repository: the examples, and what is shipped to be installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from reference.markdown import block

ROOT = Path(__file__).resolve().parents[1]
_LANGUAGES = {
    ".py": "python",
    ".toml": "toml",
    ".json": "json",
    ".yml": "yaml",
    ".service": "ini",
    ".md": "markdown",
}


class Sources(NamedTuple):
    """A page, what it says first, and the files that it shows, as patterns below the repository."""

    page: str
    title: str
    introduction: str
    patterns: Sequence[str]


PAGES = (
    Sources(
        "examples.md",
        "Examples",
        "Whole programs, as they are in `examples/` of the repository. The tests run each of them against a "
        "simulated cycler.",
        ("examples/*.py", "examples/*.csv"),
    ),
    Sources(
        "files.md",
        "Files to install",
        "What the pages of this site speak of, as it is in the repository.",
        (
            "mosquitto/mosquitto.conf",
            "mosquitto/acl",
            "integrations/systemd/*",
            "integrations/node-red/package.json",
            "docker-compose.yml",
            "compose/bridge.toml",
            "Dockerfile",
            "LICENSE-THIRD-PARTY",
        ),
    ),
)


def source_pages() -> dict[str, str]:
    """The text of each page by its name."""
    return {sources.page: "\n".join(_lines(sources)) for sources in PAGES}


def shown_files() -> dict[str, str]:
    """Where the site shows each of the files, and a folder whose files it shows."""
    shown = {}
    for sources in PAGES:
        page = sources.page.replace(".md", ".html")
        for path in _files(sources):
            name = path.relative_to(ROOT).as_posix()
            shown[name] = f"{page}#{anchor(name)}"
            if path.parent != ROOT:
                shown[path.parent.relative_to(ROOT).as_posix()] = page
    return shown


def anchor(name: str) -> str:
    """What a file's heading is called in the page's address."""
    kept = "".join(sign for sign in name.lower() if sign.isalnum() or sign in "_-")
    return kept.strip("-")


def _files(sources: Sources) -> list[Path]:
    return [path for pattern in sources.patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]


def _lines(sources: Sources) -> Iterator[str]:
    yield f"# {sources.title}"
    yield ""
    yield f"{sources.introduction} Made by `python -m reference`."
    yield ""
    for path in _files(sources):
        yield f"## `{path.relative_to(ROOT).as_posix()}`"
        yield ""
        language = "dockerfile" if path.name == "Dockerfile" else _LANGUAGES.get(path.suffix, "text")
        yield from block(language, path.read_text("utf-8").rstrip("\n").split("\n"))
