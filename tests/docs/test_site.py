"""The documentation site: it builds without a warning, leads nowhere wrong, needs nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from reference.configuration import sections, structs
from reference.house import floors
from reference.markdown import page_name
from reference.site_links_target import site_target
from reference.site_pages import site_pages
from tests.docs.built_site import Site
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
NAV = tomllib.loads((PROJECT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
pytestmark = pytest.mark.timeout(240)  # a build is long on a slow machine
NO_ZENSICAL = "no Zensical here (the extra docs)"


def in_nav(entry: Any) -> Iterator[str]:
    """The pages of the navigation, in their order."""
    if isinstance(entry, str):
        yield entry
    else:
        for part in entry.values() if isinstance(entry, dict) else entry:
            yield from in_nav(part)


def copy_of_the_project(folder: Path) -> Path:
    """What the site is made of, so that two tests do not write to one place."""
    shutil.copy(PROJECT / "zensical.toml", folder)
    shutil.copytree(DOCS, folder / "docs")
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(folder / "zensical.toml")]
    # From here, so that the extension for links is found.
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=2 * PATIENCE_S
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip(NO_ZENSICAL)
    folder = copy_of_the_project(tmp_path_factory.mktemp("site"))
    built = build(folder)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "No issues found" in built.stdout + built.stderr
    return Site(folder / "build" / "site")


def test_every_page_is_in_the_navigation_once() -> None:
    pages = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
    assert sorted(in_nav(NAV)) == pages


def test_the_navigation_has_macnets_functions_in_their_order() -> None:
    shown = [page for page in in_nav(NAV) if page.startswith("macnet/") and page != "macnet/README.md"]
    assert shown == [f"macnet/{page_name(number)}" for number in FUNCTIONS]


def test_every_page_is_built(site: Site) -> None:
    built = {path.relative_to(site.folder.resolve()).as_posix() for path in site.pages}
    pages = {page.replace("README.md", "index.md").replace(".md", ".html") for page in in_nav(NAV)}
    assert built == pages | {"404.html"}


def test_every_link_leads_somewhere(site: Site) -> None:
    assert list(site.dead_ends()) == []


def test_nothing_comes_from_elsewhere(site: Site) -> None:
    assert list(site.from_elsewhere()) == []


@pytest.mark.parametrize("wrong", ["[x](none-such.md)", "[x](topics.md#none-such)"])
def test_a_broken_link_is_an_error(wrong: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip(NO_ZENSICAL)
    page = copy_of_the_project(tmp_path) / "docs" / "watch.md"
    page.write_text(page.read_text("utf-8") + f"\n{wrong}\n", "utf-8")
    built = build(tmp_path)
    assert built.returncode != 0
    assert "1 issue found" in built.stdout + built.stderr


def test_names_that_share_a_line_of_a_docstring_are_all_shown() -> None:
    text = (DOCS / "reference" / "python-client.md").read_text("utf-8")
    assert "- `cycler`, `number`: which one." in text
    assert "- `first`, `last`: their numbers, both included." in text


@pytest.mark.skipif(importlib.util.find_spec("griffe") is None, reason="no Griffe here (the extra docs)")
def test_the_committed_pages_of_the_python_api_are_those_that_are_made() -> None:
    from reference.python_api import api_pages

    stale = [name for name, text in api_pages().items() if (DOCS / name).read_text("utf-8") != text]
    assert stale == [], "make them anew: python -m reference"


def test_every_key_of_the_configuration_has_a_place_on_its_page() -> None:
    assert {section.struct for section in sections()} == structs()


def test_the_house_has_every_room() -> None:
    drawn = site_pages()["assets/house.svg"]
    rooms = [room for floor in floors() for room in floor]
    assert len(rooms) > 20
    assert [room for room in rooms if f">{room}</text>" not in drawn] == []


@pytest.mark.parametrize(
    ("href", "leads_to"),
    [
        ("../examples/a.py", "examples.html#examplesapy"),
        ("../../examples/a.py", "../examples.html#examplesapy"),
        ("../examples", "examples.html"),
        ("../examples/notebook.ipynb", "examples.html"),
        ("../elsewhere.py", "../elsewhere.py"),
        ("client.md", "client.md"),
    ],
)
def test_links_out_of_docs_lead_to_pages(href: str, leads_to: str) -> None:
    shown = {"examples/a.py": "examples.html#examplesapy", "examples": "examples.html"}
    assert site_target(href, shown) == leads_to


@pytest.mark.parametrize("name", site_pages())
def test_the_committed_pages_are_those_that_are_made(name: str) -> None:
    # Not compared by pytest: it would take minutes to show the differences.
    same = (DOCS / name).read_text("utf-8") == site_pages()[name]
    assert same, "make it anew: python -m reference"
