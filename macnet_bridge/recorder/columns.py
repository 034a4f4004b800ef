"""THE table of a recording's columns: where in a payload each has its value, and what fits it.

A value that does not fit is not made to: it stays in `more`, under its own key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from macnet_bridge.store.rows import Kind

NUMBERS_MAX = 1 << 53
"""Whole numbers up to here are the same as a double, and can be counted on from in SQLite's 64 bits."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        path: keys from the top of the payload; none for what the topic says.
    """

    name: str
    kind: Kind
    path: tuple[str, ...] = ()


def is_text(value: object) -> bool:
    return type(value) is str


def is_integer(value: object) -> bool:
    return type(value) is int and abs(value) <= NUMBERS_MAX


def is_real(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) <= NUMBERS_MAX


def is_flag(value: object) -> bool:
    return type(value) is bool


FITS: dict[Kind, Callable[[object], bool]] = {
    "text": is_text,
    "integer": is_integer,
    "real": is_real,
    "flag": is_flag,
    "json": lambda value: True,
}


def as_json(value: object) -> str:
    """As published, white space and the order of keys aside."""
    return msgspec.json.encode(value).decode()


STORED: dict[Kind, Callable[[Any], Any]] = {"real": float, "flag": int, "json": as_json}
"""How a value that fits is stored, where not as it is."""


@dataclass(frozen=True)
class Table:
    """One table of a recording.

    Attributes:
        place: columns that the topic fills, in their order.
        columns: all, in the order of their values in a row; the last one is `more`.
        key: names of those that a row cannot be without.
        tree: the columns by the keys of the payload, nested as these are.
        dropped: keys that say again what others say.
    """

    name: str
    place: tuple[str, ...]
    columns: tuple[Column, ...]
    key: frozenset[str]
    tree: Mapping[str, Any]
    dropped: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


CHANNEL = ("cycler", "channel")


def table(
    name: str,
    place: Sequence[str],
    columns: Sequence[Column],
    key: Sequence[str],
    *,
    dropped: Sequence[str] = (),
) -> Table:
    """Put a table together: the place before, `more` after the columns of the payload."""
    kinds: dict[str, Kind] = {"cycler": "text", "channel": "integer"}
    placed = [Column(each, kinds[each]) for each in place]
    whole = (*placed, *columns, Column("more", "json"))
    return Table(name, tuple(place), whole, frozenset(key), _tree(columns), frozenset(dropped))


def _tree(columns: Sequence[Column]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for column in columns:
        *above, last = column.path
        branch = tree
        for key in above:
            branch = branch.setdefault(key, {})
        branch[last] = column
    return tree


def _columns(*described: str, below: tuple[str, ...] = ()) -> list[Column]:
    """From `name:kind`. Those below a key have it in front of their name."""
    found = []
    for each in described:
        name, kind = each.split(":")
        path = (*below, name)
        found.append(Column("_".join(path), kind, path))  # type: ignore[arg-type]
    return found


def _raw(*below: str) -> list[Column]:
    return _columns("stat:integer", "rf1:integer", "rf2:integer", below=(*below, "raw"))


def _situation(name: str) -> list[Column]:
    """A channel before or after an event."""
    shown = ("unix_time_second:real", "state:text", "mode:text", "step_id:integer", "cycle_count:integer")
    return [*_columns(*shown, below=(name,)), *_raw(name)]


READINGS = table(
    "readings",
    CHANNEL,
    [
        *_columns("run:integer", "seq:integer", "unix_time_second:real", "quality:text"),
        *_columns("is_historical:flag", "state:text", "mode:text", "test_name:text"),
        *_columns("test_time_second:real", "step_time_second:real", "cycle_count:integer"),
        *_columns("step_id:integer", "record_index:integer", "voltage_volt:real", "current_ampere:real"),
        *_columns("power_watt:real", "step_cumulative_capacity_ah:real"),
        *_columns("step_cumulative_energy_wh:real", "tester_time:text"),
        *_raw(),
        *_columns("errors:json"),
        *_columns("run:integer", "seq:integer", below=("previous",)),
    ],
    ("run", "seq", "unix_time_second"),
)
SWEEPS = table(
    "sweeps",
    ("cycler",),
    [
        *_columns("run:integer", "seq:integer", "unix_time_second:real", "channel:integer"),
        *_columns("spread_second:real", "state:text", "voltage_volt:real", "current_ampere:real"),
        *_columns("test_time_second:real", "errors:json"),
    ],
    ("run", "seq", "unix_time_second", "channel"),
)
AUX = table(
    "aux",
    CHANNEL,
    [
        *_columns("run:integer", "unix_time_second:real", "input:integer", "test_name:text"),
        *_columns("name:text", "value:real", "unit:text"),
    ],
    ("run", "unix_time_second", "input"),
    dropped=("values",),
)
VARIABLES = table(
    "variables",
    CHANNEL,
    [
        *_columns("run:integer", "unix_time_second:real", "test_name:text", "global_flags:text"),
        *_columns("flags_set:json"),
        *_columns(*(f"VAR{number}:real" for number in range(1, 16)), below=("variables",)),
    ],
    ("run", "unix_time_second"),
)
EVENTS = table(
    "events",
    CHANNEL,
    [
        *_columns("id:text", "kind:text", "unix_time_second:real", "run:integer", "is_historical:flag"),
        *_columns("test_name:text", "end_reason:text"),
        *_situation("before"),
        *_situation("after"),
        *_columns("end_step:integer", "number_of_ends:integer"),
        *_columns("principal:text", "reason:text", "suspended:flag"),
    ],
    ("id",),
)
STATES = table(
    "states",
    CHANNEL,
    [
        *_columns("bridge:text", "session:text", "state_seq:integer", "changed_at:real", "state:text"),
        *_columns("mode:text", "end_reason:text", "test_name:text", "cell_id:text", "procedure:text"),
        *_columns("step_id:integer", "cycle_count:integer", "control:text", "lock:json", "quality:text"),
        *_raw(),
    ],
    ("bridge", "session", "state_seq", "changed_at"),
)

TABLES: Mapping[str, Table] = {
    "reading": READINGS,
    "sweep": SWEEPS,
    "aux": AUX,
    "variables": VARIABLES,
    "event": EVENTS,
    "state": STATES,
}
"""By the last level of the topic."""
