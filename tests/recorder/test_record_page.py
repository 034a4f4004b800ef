"""docs/record.md: its questions can be asked, and it names the tables that there are."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import msgspec
import pytest

from macnet_bridge.recorder.columns import TABLES
from macnet_bridge.recorder.rows import rows_of
from macnet_bridge.store import Recording
from macnet_bridge.store.rows import Rows

PAGE = (Path(__file__).parents[2] / "docs" / "record.md").read_text("utf-8")
QUESTIONS = re.findall(r"^```sql\n(.*?)^```", PAGE, re.M | re.S)
SITUATION = {"unix_time_second": 1.0, "state": "active"}
MESSAGES: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("reading", ("lab1", 1), {"run": 1, "seq": 1, "unix_time_second": 1.0, "test_name": "cell-01"}),
    ("reading", ("lab1", 1), {"run": 1, "seq": 3, "unix_time_second": 3.0, "test_name": "cell-01"}),
    ("sweep", ("lab1",), {"run": 1, "seq": 1, "unix_time_second": 1.0, "channel": [1], "state": ["active"]}),
    ("event", ("lab1", 1), {"id": "a", "kind": "problem", "unix_time_second": 9e9, "before": SITUATION}),
    (
        "state",
        ("lab1", 1),
        {"bridge": "b", "session": "s", "state_seq": 1, "changed_at": 1.0, "test_name": "cell-01"},
    ),
]


async def recorded(path: Path) -> sqlite3.Connection:
    kept = Recording(path)
    kept.open()
    for leaf, place, message in MESSAGES:
        table = TABLES[leaf]
        await kept.keep([Rows(table.name, table.names, rows_of(leaf, place, msgspec.json.encode(message)))])
    kept.close()
    database = sqlite3.connect(path)
    database.create_function("unixepoch", 0, lambda: 9_000_000_000 - 60)  # SQLite 3.38 has it
    return database


async def test_every_question_has_an_answer(tmp_path: Path) -> None:
    database = await recorded(tmp_path / "lab.sqlite")
    for question in QUESTIONS:
        assert database.execute(question).fetchall(), question
    database.close()
    assert len(QUESTIONS) == 7


async def test_every_table_is_named_with_what_tells_its_rows_apart(tmp_path: Path) -> None:
    database = await recorded(tmp_path / "lab.sqlite")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        found = database.execute(f"PRAGMA table_info({name})").fetchall()
        keys = [row[1] for row in sorted(found, key=lambda row: row[5]) if row[5]]
        if name in ("settings", "schema_versions"):
            assert f"`{name}`" in PAGE
            continue
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        assert re.findall(r"`(\w+)`", line.split("|")[3]) == keys
    database.close()


@pytest.mark.parametrize("option", ["--to", "--format", "--client-id", "--keep-days", "--seconds", "-c"])
def test_every_option_is_there(option: str) -> None:
    from macnet_bridge.cli.record import record

    assert option in {name for parameter in record.params for name in parameter.opts}
    assert f"| `{option}`" in PAGE
