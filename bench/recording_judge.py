"""Whether a recording has exactly what was published. Imports Python's own library only.

    python bench/recording_judge.py RECORDING RECORD

RECORD is what `bench/keeper.py` has written down: a subscriber of its own, with its own session. RECORDING
is the database. Both say of each reading which it is, when it was measured, its state and its voltage.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Key = tuple[str, int, int, int]
"""Cycler, channel, run, and number."""
Values = tuple[float, str, float]
"""Time of measurement, state, voltage."""

ROWS = "SELECT cycler, channel, run, seq, unix_time_second, state, voltage_volt FROM readings"
SHOWN = 5


@dataclass
class Judgement:
    """What was found.

    Attributes:
        numbers: readings that the bridges have numbered: in each run of a channel, from 1 to the last one.
        rows: in the database.
        seen: by the subscriber, each once; `twice` came to it more than once.
        not_recorded, not_seen: numbers that the one has and the other lacks.
        different: with other values in the one than in the other.
        doubled: rows beyond one for a number.
        open_gaps: that the recorder itself notes.
    """

    numbers: int = 0
    rows: int = 0
    seen: int = 0
    twice: int = 0
    channels: int = 0
    runs: int = 0
    not_recorded: int = 0
    not_seen: int = 0
    different: int = 0
    doubled: int = 0
    not_in_sequence: int = 0
    open_gaps: int = 0
    historical_rows: int = 0
    examples: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Why it does not hold, in words; none when it does."""
        wrong = ("not_recorded", "not_seen", "different", "doubled", "not_in_sequence", "open_gaps")
        found = [f"{name} {getattr(self, name)}" for name in wrong if getattr(self, name)]
        if not self.rows == self.numbers == self.seen:
            found.append(f"{self.rows} rows, {self.numbers} numbers, {self.seen} seen")
        return found or ([] if self.rows else ["nothing was recorded"])


def seen_by(lines: Iterable[str]) -> Iterator[tuple[Key, Values, Any]]:
    """The readings that a keeper has written down, each with its `previous`."""
    for line in lines:
        kind, _, topic, *told = json.loads(line)
        if kind == "reading":
            run, seq, _, measured_at, previous, state, volt = told
            _, cycler, channel, *_ = topic.split("/")
            yield (cycler, int(channel), run, seq), (measured_at, state, volt), previous


def judge(database: sqlite3.Connection, lines: Iterable[str]) -> Judgement:
    found = Judgement()
    published: dict[Key, Values] = {}
    last: dict[tuple[str, int, int], int] = defaultdict(int)
    for key, values, previous in seen_by(lines):
        found.twice += key in published
        published[key] = values
        last[key[:3]] = max(last[key[:3]], key[3])
        if previous:
            named = (key[0], key[1], previous[0])
            last[named] = max(last[named], previous[1])
    found.seen = len(published)
    found.channels, found.runs = len({key[:2] for key in last}), len({key[2] for key in last})
    found.numbers = sum(last.values())
    recorded: dict[Key, Values] = {}
    for row in database.execute(ROWS):
        found.rows += 1
        found.doubled += row[:4] in recorded
        recorded[row[:4]] = row[4:]
    _compare(found, recorded, published)
    found.not_in_sequence = sum(_missing(recorded, last))
    (found.open_gaps,) = database.execute("SELECT count(*) FROM gaps").fetchone()
    (found.historical_rows,) = database.execute("SELECT sum(is_historical) FROM readings").fetchone()
    return found


def _compare(found: Judgement, recorded: dict[Key, Values], published: dict[Key, Values]) -> None:
    not_recorded, not_seen = published.keys() - recorded.keys(), recorded.keys() - published.keys()
    different = [key for key in published.keys() & recorded.keys() if published[key] != recorded[key]]
    found.not_recorded, found.not_seen, found.different = len(not_recorded), len(not_seen), len(different)
    for name, keys in (("recorded", not_recorded), ("seen", not_seen), ("the same", different)):
        found.examples += [f"not {name}: {key}" for key in sorted(keys)[:SHOWN]]


def _missing(recorded: dict[Key, Values], last: dict[tuple[str, int, int], int]) -> Iterator[int]:
    """Of each run of a channel, how many of its numbers have no row."""
    count: dict[tuple[str, int, int], int] = defaultdict(int)
    for key in recorded:
        count[key[:3]] += 1
    for run, highest in last.items():
        yield highest - count[run]


def main() -> None:
    recording, record = sys.argv[1:]
    with closing(sqlite3.connect(recording)) as database, Path(record).open(encoding="utf-8") as lines:
        found = judge(database, lines)
    print(json.dumps(asdict(found) | {"faults": found.faults()}, indent=1))
    sys.exit(bool(found.faults()))


if __name__ == "__main__":
    main()
