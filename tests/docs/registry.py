"""What becomes of the blocks of code that tests/docs does not run itself.

A block that is in none of these tables is run, or checked, by its language. An entry that no block fits
any more is a mistake, as is a block that nobody knows what to do with.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Literal, NamedTuple

from tests.docs.pages import Block

Kind = Literal["run", "checked", "shown", "left out"]

SHOWN_LANGUAGES = {
    "text": "what a program prints",
    "py": "a signature or lines of a docstring, on a page that is made from the code",
}
"""Languages of which there is nothing to run."""


class Elsewhere(NamedTuple):
    """Blocks that a test of its own runs or checks."""

    page: str
    languages: tuple[str, ...]
    kind: Kind
    test: str
    contains: str = ""


class LeftOut(NamedTuple):
    """A block that cannot be run by a test, and why."""

    page: str
    begins: str
    reason: str


_REFERENCE = "tests/test_reference.py"
_SIMULATOR = "tests/test_simulator_page.py"
_FOR_PYTEST = f"{_SIMULATOR}::test_the_example_for_pytest_works"
_LOG_LINE = f"{_SIMULATOR}::test_the_line_of_the_log_is_one"
_SITE = "tests/docs/test_site.py::test_the_committed_pages_are_those_that_are_made"
_INSTALLS = "installs into the system of whoever reads it"
_SYSTEM = "needs a computer that runs systemd, and root"
_DOCKER = "needs a container engine: .ci/compose-stack starts what the page is about"
_WINDOWS = "needs Windows; the page says that it was not tried"
_NODE_RED = "needs Node-RED and a browser, with which tests/nodered does the same"
_BENCH = "measures, for minutes or hours; docs/bench.md has what it found"

ELSEWHERE = (
    Elsewhere("macnet/*.md", ("json",), "checked", f"{_REFERENCE}::test_json_examples_are_the_exchanges"),
    Elsewhere("macnet/*.md", ("text",), "checked", f"{_REFERENCE}::test_binary_examples_are_the_exchanges"),
    Elsewhere("client.md", ("python",), "run", "tests/client/test_client_page.py::test_every_block_runs"),
    Elsewhere("python.md", ("python",), "run", "tests/macnet/test_python_page.py::test_every_block_runs"),
    Elsewhere(
        "simulator.md",
        ("sh",),
        "checked",
        f"{_SIMULATOR}::test_commands_that_are_shown_are_understood",
    ),
    Elsewhere(
        "simulator.md",
        ("python",),
        "run",
        _FOR_PYTEST,
        "pytest_plugins",
    ),
    Elsewhere(
        "simulator.md",
        ("python",),
        "run",
        _FOR_PYTEST,
        "import pytest",
    ),
    Elsewhere("simulator.md", ("json",), "checked", _LOG_LINE, "fclass"),
    Elsewhere(
        "record.md", ("sql",), "run", "tests/recorder/test_record_page.py::test_every_question_has_an_answer"
    ),
    Elsewhere("examples.md", ("python", "text"), "checked", _SITE),
    Elsewhere("files.md", ("ini", "yaml", "toml", "json", "dockerfile", "text"), "checked", _SITE),
)

LEFT_OUT = (
    LeftOut("bench.md", "python bench/compare.py", _BENCH),
    LeftOut("bench.md", "python -m bench.outage", _BENCH),
    LeftOut("bench.md", "python -m bench.soak", _BENCH),
    LeftOut("bench.md", "python -m bench.recording", _BENCH),
    LeftOut("bench.md", "python -m bench.ordeal", _BENCH),
    LeftOut("bench.md", "lab1/7: start_test rejected", "what a program printed"),
    LeftOut("cells.md", "R0            R1", "a circuit, drawn with letters"),
    LeftOut("cells.md", "python -m bench.cell_curve", "needs the extra plot"),
    LeftOut("commands.md", '{"would":', "a part of an answer, which has no type"),
    LeftOut("commands.md", '{"smbdevaddr":', "a part of an answer, which has no type"),
    LeftOut("containers.md", "mosquitto_sub -v", _DOCKER),
    LeftOut("containers.md", "docker-compose --profile", _DOCKER),
    LeftOut("containers.md", "mosquitto_rr -V 5 -t", _DOCKER),
    LeftOut("containers.md", "docker run --rm -it", _DOCKER),
    LeftOut("containers.md", "sudo install", _DOCKER),
    LeftOut("containers.md", "mosquitto_rr -V 5 -u", _DOCKER),
    LeftOut("containers.md", "docker build", _DOCKER),
    LeftOut("contributing.md", "git clone", "the address of the repository is the reader's"),
    LeftOut("contributing.md", "python -m venv", _INSTALLS),
    LeftOut("fuzzing.md", "pip install", "needs the extra fuzz, and hours"),
    LeftOut("node-red.md", "npm install", _NODE_RED),
    LeftOut("node-red-flows.md", "python -m tests.nodered.visit", _NODE_RED),
    LeftOut("operations/systemd.md", "sudo python3 -m venv", _SYSTEM),
    LeftOut("operations/systemd.md", "sudo install -D", _SYSTEM),
    LeftOut("operations/systemd.md", "sudo install -m 600", _SYSTEM),
    LeftOut("operations/systemd.md", "sudo install -m 644", _SYSTEM),
    LeftOut("operations/systemd.md", "systemctl status", _SYSTEM),
    LeftOut("operations/windows.md", "py -m venv", _WINDOWS),
    LeftOut("operations/windows.md", "nssm install", _WINDOWS),
    LeftOut("quick-start.md", "pip install", _INSTALLS + "; .ci/bare-container does"),
    LeftOut("record.md", "macnet-bridge export", "needs a recording of days; tests/export has some"),
    LeftOut("record.md", "python examples/plot_cycle.py", "as above; tests/export/test_plot_cycle.py draws"),
    LeftOut("topics.md", "from jsonschema import", "a part of a program, whose payload is the reader's"),
    LeftOut("watch.md", '{"kind":"channel"', "what a program prints, and no message of the bridge"),
)


def elsewhere(block: Block) -> Elsewhere | None:
    """The test of its own that a block has."""
    return next((entry for entry in ELSEWHERE if _is_of(entry, block)), None)


def left_out(block: Block) -> LeftOut | None:
    """Why a block is not run."""
    return next((entry for entry in LEFT_OUT if _is_left_out(entry, block)), None)


def _is_of(entry: Elsewhere, block: Block) -> bool:
    return (
        fnmatch(block.page, entry.page) and block.language in entry.languages and entry.contains in block.text
    )


def _is_left_out(entry: LeftOut, block: Block) -> bool:
    return fnmatch(block.page, entry.page) and block.text.lstrip().startswith(entry.begins)


def stale_entries(blocks: tuple[Block, ...]) -> list[Elsewhere | LeftOut]:
    """Entries that no block fits."""
    used = [entry for entry in ELSEWHERE if not any(_is_of(entry, block) for block in blocks)]
    return [*used, *(entry for entry in LEFT_OUT if not any(_is_left_out(entry, block) for block in blocks))]
