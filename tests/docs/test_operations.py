"""What the pages on operations promise: the unit, copies of a data directory, and what an upgrade finds."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from macnet_bridge.app.data_dir import Memory
from macnet_bridge.errors import ConfigError
from macnet_bridge.store.journal import Journal
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.client.test_commands import LIMITS
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]
UNIT = PROJECT / "integrations" / "systemd" / "macnet-bridge.service"
PAGE = (PROJECT / "docs" / "operations" / "systemd.md").read_text("utf-8")
PROGRAM = "/opt/macnet-bridge/bin/macnet-bridge"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, of systemd"
)


def analysed(folder: Path, *arguments: str) -> str:
    """What systemd-analyze says of the unit, with a program that is there; it must find no mistake."""
    unit = folder / UNIT.name
    text = UNIT.read_text("utf-8")
    assert text.count(PROGRAM) == 1
    unit.write_text(text.replace(PROGRAM, shutil.which("true") or ""), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", *arguments, str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_systemd
def test_the_unit_has_no_mistakes(tmp_path: Path) -> None:
    assert UNIT.name not in analysed(tmp_path, "verify")


@needs_systemd
def test_the_unit_is_as_closed_as_the_page_says(tmp_path: Path) -> None:
    found = re.search(r"exposure level for \S+: ([\d.]+)", analysed(tmp_path, "security", "--offline=true"))
    said = re.search(r"exposure of ([\d.]+) of 10", PAGE)
    assert found
    assert said
    # Versions of systemd weigh a little differently.
    assert abs(float(found[1]) - float(said[1])) < 0.5


def test_the_page_names_what_the_unit_names() -> None:
    text = UNIT.read_text("utf-8")
    for path in (PROGRAM.removesuffix("/bin/macnet-bridge"), "/etc/macnet-bridge/bridge.toml"):
        assert path in text
        assert path in PAGE
    assert 'password_file = "/run/credentials/macnet-bridge.service/mqtt"' in PAGE
    assert "LoadCredential=mqtt:/etc/macnet-bridge/mqtt-password" in text


def back_up(data_dir: Path, folder: Path, *, succeeds: bool = True) -> str:
    """The example; what it prints."""
    command = [sys.executable, str(PROJECT / "examples" / "backup.py"), str(data_dir), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode == 0) is succeeds, done.stderr
    return done.stdout + done.stderr


async def test_a_copy_of_a_running_bridge_knows_its_commands(lab: Lab, tmp_path: Path) -> None:
    cycler = await lab.cycler()
    table = cycler_table(cycler, more=LIMITS)
    process = lab.process(table)
    process.start()
    peer = await lab.peer()
    await lab.online(peer)
    command = {"id": "b-1", "args": {"procedure": "CCCV_1C", "c_rate_ah": 2.5}}
    topic = f"{lab.root}/lab1/3/cmd/start_test"
    assert (await peer.command(topic, command))["status"] == "done"
    copy = tmp_path / "copy"
    back_up(lab.folder / "data", copy)
    assert {"bridge.json", "journal.sqlite", "spool.sqlite"} <= {path.name for path in copy.iterdir()}
    process.interrupt()

    shutil.rmtree(lab.folder / "data")
    shutil.copytree(copy, lab.folder / "data")
    after = len(peer.seen)
    process.start()
    await lab.online(peer, after=after)
    again = await peer.command(topic, command)
    assert (again["status"], again["duplicate"]) == ("done", True)
    assert len(cycler.received.of(6, 2)) == 1
    memory = msgspec.json.decode((lab.folder / "data" / "bridge.json").read_bytes(), type=Memory)
    assert memory.run == 2


def test_a_copy_goes_into_a_new_folder_only(tmp_path: Path) -> None:
    done = back_up(tmp_path, tmp_path, succeeds=False)
    assert done == f"backup.py: [Errno 17] File exists: '{tmp_path}'\n"


async def test_a_newer_journal_is_refused_and_a_newer_spool_set_aside(lab: Lab) -> None:
    cycler = await lab.cycler()
    data = lab.folder / "data"
    data.mkdir()
    with closing(sqlite3.connect(data / "spool.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    assert (data / "spool.sqlite.damaged-1").exists()

    newer = lab.folder / "newer"
    newer.mkdir()
    with closing(sqlite3.connect(newer / "journal.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigError, match="was written by a newer version"):
        Journal(newer).open()
