"""Every block of code of the site is run, or checked, or stands in a list with the reason why it is not."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.brokers import RunningBroker
from tests.docs.checking import CHECKS, check_command_line
from tests.docs.pages import DOCS, Block, all_blocks, blocks_of
from tests.docs.registry import (
    ELSEWHERE,
    LEFT_OUT,
    SHOWN_LANGUAGES,
    elsewhere,
    left_out,
    stale_entries,
)
from tests.docs.scene import Scene

PROJECT = DOCS.parent
RUN_LANGUAGES = ("python", "sh")
COMMAND_LINE = "reference/command-line.md"
API = "reference/python-*.md"

BEGINS_ALONE = ("quick-start.md", "operations/tls.md")
"""Pages that start their broker themselves."""
HAS_ITS_BRIDGE = (*BEGINS_ALONE, "tutorials/lab-bench.md")
"""Pages that start their bridge themselves."""

NOT_TOLD = ("operations/tls.md",)
"""Pages on which only `bridge.toml` tells our programs the broker."""

EXPECTED = {
    ("quick-start.md", '"variable":16'): r'"status":"rejected".*"code":"BAD_ARGS"',
    ("quick-start.md", "send lab1/7"): r"done",
    (
        "tutorials/scada.md",
        "cmd/start_test",
    ): r'"command":"start_test".*"status":"done".*"read_back"',
    ("tutorials/scada.md", "macnet/all/cmd/suspend"): r'macnet/bridge/lab/ack .*"status":"done"',
    ("tutorials/lab-bench.md", "safety.voltage_max_volt=5"): r"OUT_OF_LIMITS(?s:.*)refused",
    ("tutorials/lab-bench.md", "--dry-run"): r"would",
    ("tutorials/lab-bench.md", "query id"): r"done",
    ("operations/tls.md", "tls-1"): r'"principal":"alice","status":"done"',
    ("operations/tls.md", "tls-2"): r'"status":"rejected".*"code":"NOT_ALLOWED"',
    ("operations/tls.md", "-u display"): r'macnet/lab1/\d+/telemetry/state \{.*"state":"available"',
    ("operations/tls.md", 'echo "refused"'): r"(?s)refused.*refused",
    ("operations/backup.md", "backup.py"): r"bridge\.json.*journal\.sqlite.*spool\.sqlite",
}
"""What a block with these words must print, or its commands be answered."""


def kind_of(block: Block) -> str:
    """What becomes of a block; empty if nobody has said."""
    if left_out(block):
        return "left out"
    if entry := elsewhere(block):
        return entry.kind
    if block.page == COMMAND_LINE and block.language == "sh":
        return "checked"
    if block.language in SHOWN_LANGUAGES:
        return "shown"
    if block.language in RUN_LANGUAGES:
        return "run"
    return "checked" if block.language in CHECKS else ""


def own(block: Block) -> bool:
    """Whether it is run or checked here."""
    return kind_of(block) in ("run", "checked") and elsewhere(block) is None


def pages_with(kind: str) -> list[str]:
    return sorted({block.page for block in all_blocks() if own(block) and kind_of(block) == kind})


def test_every_block_is_accounted_for(record_property: Callable[[str, object], None]) -> None:
    blocks = all_blocks()
    assert [block.place for block in blocks if not kind_of(block)] == [], "say in tests/docs/registry.py why"
    assert stale_entries(blocks) == []
    kinds = Counter(kind_of(block) for block in blocks)
    pages = len({block.page for block in blocks})
    told = (
        f"{len(blocks)} code blocks on {pages} of {len(list(DOCS.rglob('*.md')))} pages of docs/: "
        f"{kinds['run']} run, {kinds['checked']} checked, {kinds['shown']} only shown, "
        f"{kinds['left out']} listed as not to be run"
    )
    assert sum(kinds.values()) == len(blocks)
    record_property("told", told)


@pytest.mark.parametrize("test", sorted({entry.test for entry in ELSEWHERE}))
def test_the_tests_that_are_named_are_there(test: str) -> None:
    path, _, name = test.partition("::")
    source = (PROJECT / path).read_text("utf-8")
    assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


def test_every_reason_says_something() -> None:
    assert [entry for entry in LEFT_OUT if len(entry.reason) < 10 or not entry.begins] == []


@pytest.mark.parametrize("page", pages_with("checked"))
def test_blocks_that_are_checked(page: str) -> None:
    for block in all_blocks():
        if block.page == page and own(block) and kind_of(block) == "checked":
            (check_command_line if block.language == "sh" else CHECKS[block.language])(block)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", pages_with("run"))
async def test_blocks_that_are_run(
    page: str, tmp_path: Path, start_broker: Callable[..., RunningBroker]
) -> None:
    blocks = [block for block in all_blocks() if block.page == page and own(block)]
    skip_without_what_they_need(page, blocks)
    broker = None if page in BEGINS_ALONE else start_broker()
    has_bridge, is_told = page not in HAS_ITS_BRIDGE, page not in NOT_TOLD
    async with Scene(tmp_path, broker, has_bridge=has_bridge, is_told=is_told) as scene:
        for block in blocks:
            if block.language in (*RUN_LANGUAGES, "toml"):
                shown = await scene.run(block)
                for (place, words), pattern in EXPECTED.items():
                    if place == page and words in block.text:
                        assert re.search(pattern, shown), f"{block.place}: {shown}"


def skip_without_what_they_need(page: str, blocks: list[Block]) -> None:
    needs = {"sh", "mosquitto_pub"} if any(block.language == "sh" for block in blocks) else set()
    if page in BEGINS_ALONE:
        needs |= {"mosquitto", "openssl"}
    if missing := sorted(program for program in needs if shutil.which(program) is None):
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.mark.parametrize(("page", "words"), EXPECTED)
def test_what_is_expected_is_on_its_page(page: str, words: str) -> None:
    assert any(block.page == page and words in block.text for block in all_blocks())


def test_blocks_are_seen_however_they_are_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "1. a\n\n    ```sh\n    echo\n    ```\n\ntext\n\n    indented\n\n```\nplain\n```\n"
    page.write_text(text, "utf-8")
    found = [(block.language, block.text, block.line) for block in blocks_of(page, tmp_path)]
    assert found == [("sh", "echo\n", 3), ("", "indented\n", 9), ("", "plain\n", 11)]


def test_a_block_that_nobody_knows_is_found() -> None:
    assert kind_of(Block("topics.md", "cobol", "MOVE A TO B\n", 1)) == ""
    assert kind_of(Block("topics.md", "", "x\n", 1)) == ""
