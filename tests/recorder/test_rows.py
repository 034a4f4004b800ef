"""What a message becomes in a recording."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.payloads.events import Completed, DirectLapsed, Situation
from macnet_bridge.payloads.inputs import Aux, AuxInput, Variables
from macnet_bridge.payloads.telemetry import ChannelState, Previous, RawCodes, Reading, Sweep
from macnet_bridge.recorder.columns import TABLES
from macnet_bridge.recorder.interest import Interest, together
from macnet_bridge.recorder.rows import Unread, rows_of
from macnet_bridge.store.recording_schema import STEPS
from macnet_bridge.store.rows import Rows

PLACE = ("lab1", 5)
READING = Reading(
    unix_time_second=1795343196.06,
    state="active",
    mode="charge",
    test_name="cell-01",
    test_time_second=293.2818298339844,
    step_time_second=0.1,
    cycle_count=1,
    step_id=2,
    record_index=30,
    voltage_volt=3.920905828475952,
    current_ampere=2.5,
    power_watt=9.80226457118988,
    step_cumulative_capacity_ah=0.20366792380809784,
    step_cumulative_energy_wh=0.7900201678276062,
    tester_time="2026-11-22T10:26:36",
    raw=RawCodes(2, 1, 128),
    run=17,
    seq=8,
    previous=Previous(16, 99),
)
WITHOUT_SIGN = {"current_ampere": "no direction"}


def named(leaf: str, payload: object, place: tuple[Any, ...] = PLACE) -> list[dict[str, Any]]:
    """The rows of a message by column, without those that are NULL."""
    names = TABLES[leaf].names
    rows = rows_of(leaf, place, msgspec.json.encode(payload))
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows
    ]


def test_a_reading_has_its_values_under_their_names() -> None:
    assert named("reading", READING) == [
        {
            "cycler": "lab1",
            "channel": 5,
            "run": 17,
            "seq": 8,
            "unix_time_second": 1795343196.06,
            "quality": "good",
            "is_historical": 0,
            "state": "active",
            "mode": "charge",
            "test_name": "cell-01",
            "test_time_second": 293.2818298339844,
            "step_time_second": 0.1,
            "cycle_count": 1,
            "step_id": 2,
            "record_index": 30,
            "voltage_volt": 3.920905828475952,
            "current_ampere": 2.5,
            "power_watt": 9.80226457118988,
            "step_cumulative_capacity_ah": 0.20366792380809784,
            "step_cumulative_energy_wh": 0.7900201678276062,
            "tester_time": "2026-11-22T10:26:36",
            "raw_stat": 2,
            "raw_rf1": 1,
            "raw_rf2": 128,
            "previous_run": 16,
            "previous_seq": 99,
        }
    ]


def test_what_is_absent_is_null_and_what_is_new_is_kept() -> None:
    message = msgspec.to_builtins(READING)
    del message["current_ampere"], message["power_watt"], message["previous"]
    message |= {"errors": WITHOUT_SIGN, "test_name": None, "pressure_bar": 1.5, "voltage_volt": "low"}
    message["raw"]["rf9"] = 7
    (row,) = named("reading", message)
    assert not row.keys() & {"current_ampere", "power_watt", "test_name", "voltage_volt", "previous_run"}
    assert json.loads(row["errors"]) == WITHOUT_SIGN
    assert json.loads(row["more"]) == {"pressure_bar": 1.5, "voltage_volt": "low", "raw": {"rf9": 7}}


def test_a_sweep_is_a_row_for_each_channel() -> None:
    sweep = Sweep(
        unix_time_second=10.5,
        spread_second=0.01,
        run=1,
        seq=5,
        channel=[1, 3],
        state=["active", "available"],
        voltage_volt=[3.9, 0.0],
        current_ampere=[None, 0.0],
        test_time_second=[12.0, 0.0],
        errors=WITHOUT_SIGN,
    )
    first, second = named("sweep", sweep, ("lab1",))
    assert (first["channel"], first["state"], first["voltage_volt"]) == (1, "active", 3.9)
    assert "current_ampere" not in first
    assert json.loads(first["errors"]) == WITHOUT_SIGN
    assert (second["channel"], second["current_ampere"], second["spread_second"]) == (3, 0.0, 0.01)


def test_auxiliary_inputs_are_a_row_each() -> None:
    inputs = [
        AuxInput(input=1, name="surface_temperature_celsius", value=25.3125, unit="C"),
        AuxInput(input=2, name="aux_2", value=3.9043, unit=None),
    ]
    aux = Aux(
        unix_time_second=10.5,
        run=1,
        test_name="cell-01",
        inputs=inputs,
        values={"surface_temperature_celsius": 25.3125, "aux_2": 3.9043},
    )
    common = {"cycler": "lab1", "channel": 5, "run": 1, "unix_time_second": 10.5, "test_name": "cell-01"}
    assert named("aux", aux) == [
        {**common, "input": 1, "name": "surface_temperature_celsius", "value": 25.3125, "unit": "C"},
        {**common, "input": 2, "name": "aux_2", "value": 3.9043},
    ]


def test_variables_are_columns() -> None:
    variables = Variables(
        unix_time_second=10.5,
        run=1,
        test_name=None,
        global_flags="0x00000020",
        flags_set=[5],
        variables={f"VAR{number}": number / 2 for number in range(1, 16)},
    )
    (row,) = named("variables", variables)
    assert (row["variables_VAR1"], row["variables_VAR15"], row["flags_set"]) == (0.5, 7.5, "[5]")
    assert "more" not in row


def test_events_and_states_fit_their_tables_wholly() -> None:
    before = Situation(
        unix_time_second=1.5, state="active", mode="rest", step_id=2, cycle_count=0, raw=RawCodes(2, 4, 1)
    )
    completed = Completed(
        id="a.1",
        unix_time_second=2.5,
        run=1,
        test_name="x",
        end_reason="normal_end",
        before=before,
        after=msgspec.structs.replace(before, state="completed", raw=RawCodes(4, 31, 193)),
        end_step=1,
        number_of_ends=2,
    )
    (row,) = named("event", completed)
    assert (row["kind"], row["before_raw_rf1"], row["after_raw_rf2"]) == ("completed", 4, 193)
    assert (row["before_unix_time_second"], row["end_step"], row["number_of_ends"]) == (1.5, 1, 2)
    lapsed = DirectLapsed(
        id="a.2",
        unix_time_second=2.5,
        run=1,
        principal="alice",
        test_name="p",
        reason="silence",
        suspended=True,
    )
    (other,) = named("event", lapsed)
    assert (other["principal"], other["reason"], other["suspended"]) == ("alice", "silence", 1)
    state = ChannelState(
        bridge="lab",
        session="s",
        state="active",
        mode="charge",
        end_reason=None,
        test_name="x",
        cell_id="cell 7",
        procedure="CCCV",
        step_id=2,
        cycle_count=0,
        control="procedure",
        state_seq=16777219,
        changed_at=3.5,
        quality="good",
        raw=RawCodes(2, 1, 1),
    )
    (known,) = named("state", state)
    assert (known["procedure"], known["cell_id"], known["state_seq"]) == ("CCCV", "cell 7", 16777219)
    assert not {"more"} & (row.keys() | other.keys() | known.keys())


@pytest.mark.parametrize(
    ("leaf", "payload", "reason"),
    [
        ("reading", b"{", "no JSON"),
        ("reading", b"[1]", "no JSON object"),
        ("reading", b'"\xff"', "no JSON"),
        ("reading", b"[" * 5000, "no JSON"),
        ("reading", b'{"run":1,"seq":2,"unix_time_second":1.0,"x":' + b"1" * 5000 + b"}", "no JSON"),
        ("reading", b'{"run":1,"seq":9007199254740993,"unix_time_second":1.0}', "no good seq"),
        ("reading", b'{"run":1,"seq":2}', "no good unix_time_second"),
        ("reading", b'{"run":1,"seq":"2","unix_time_second":1.0}', "no good seq"),
        ("reading", b'{"run":1,"seq":true,"unix_time_second":1.0}', "no good seq"),
        ("event", b'{"kind":"completed"}', "no good id"),
        ("sweep", b'{"run":1,"seq":2,"unix_time_second":1.0,"channel":3}', "no good channel"),
        ("sweep", b'{"run":1,"seq":2,"unix_time_second":1.0,"channel":["a"]}', "no good channel"),
        ("aux", b'{"run":1,"unix_time_second":1.0,"inputs":[1]}', "no good inputs"),
    ],
)
def test_a_message_without_an_identity_is_unread(leaf: str, payload: bytes, reason: str) -> None:
    with pytest.raises(Unread, match=reason):
        rows_of(leaf, PLACE, payload)


def test_what_is_nested_almost_too_deep_is_a_row_or_unread() -> None:
    """What can be read cannot always be written again: that takes some more room on the stack."""
    for depth in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
        payload = (
            b'{"run":1,"seq":2,"unix_time_second":1.0,"x":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        )
        with contextlib.suppress(Unread):
            rows_of("reading", PLACE, payload)


@pytest.mark.parametrize(
    ("leaf", "payload"),
    [
        ("sweep", b'{"run":1,"seq":2,"unix_time_second":1.0,"x":"%b","channel":[%b]}'),
        ("aux", b'{"run":1,"unix_time_second":1.0,"test_name":"%b","inputs":[{"input":1}%b]}'),
    ],
)
def test_what_is_common_to_many_rows_must_not_make_a_message_a_thousand_times_as_large(
    leaf: str, payload: bytes
) -> None:
    rest = b",".join([b"1"] * 20_000) if leaf == "sweep" else b',{"input":2}' * 20_000
    with pytest.raises(Unread, match="larger than"):
        rows_of(leaf, PLACE, payload % (b"x" * 100_000, rest))


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["stat", "run", "x"]), inner),
    max_leaves=6,
)
_keys = st.sampled_from([*msgspec.to_builtins(READING), "errors", "more", "x", "cycler"])
_IDENTITY = {"run": 1, "seq": 2, "unix_time_second": 3.25}


@given(st.dictionaries(_keys, _values))
def test_a_row_says_what_the_message_said_and_nothing_else(message: dict[str, Any]) -> None:
    message |= _IDENTITY
    payload = msgspec.json.encode(message)
    (row,) = rows_of("reading", PLACE, payload)
    assert _without_nulls(_back(row)) == _without_nulls(msgspec.json.decode(payload))


def _back(row: tuple[Any, ...]) -> dict[str, Any]:
    """The message that a row was made of."""
    values = dict(zip(TABLES["reading"].names, row, strict=True))
    found: dict[str, Any] = json.loads(values.pop("more") or "{}")
    for column in TABLES["reading"].columns[2:-1]:
        value = values[column.name]
        if value is not None:
            if column.kind == "json":
                value = json.loads(value)
            branch = found
            for key in column.path[:-1]:
                branch = branch.setdefault(key, {})
            branch[column.path[-1]] = bool(value) if column.kind == "flag" else value
    return found


def _without_nulls(value: Any) -> Any:
    """Nulls and what is empty without them are the same as nothing."""
    if isinstance(value, dict):
        whole = {key: _without_nulls(each) for key, each in value.items()}
        return {key: each for key, each in whole.items() if each is not None and each != {}}
    return value


def test_the_columns_are_those_of_the_database() -> None:
    database = sqlite3.connect(":memory:")
    for step in STEPS:
        database.executescript(step)
    words = {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "flag": "INTEGER", "json": "TEXT"}
    for table in TABLES.values():
        found = database.execute(f"PRAGMA table_info({table.name})").fetchall()
        assert [(row[1], row[2]) for row in found] == [(c.name, words[c.kind]) for c in table.columns]
        key = {row[1] for row in found if row[5]}
        assert key == {*table.place, *table.key}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_the_same_after_the_database(value: float) -> None:
    message = _IDENTITY | {"voltage_volt": value}
    (row,) = rows_of("reading", PLACE, msgspec.json.encode(message))
    database = sqlite3.connect(":memory:")
    database.executescript(STEPS[0])
    database.execute(f"INSERT INTO readings VALUES ({', '.join('?' * len(row))})", row)
    (back,) = database.execute("SELECT voltage_volt FROM readings").fetchone()
    assert back == value  # a negative zero is zero in SQLite


def test_only_what_is_wanted_has_rows() -> None:
    interest = Interest("r", "lab1", frozenset({5}))
    payload = msgspec.json.encode(READING)
    for topic, is_wanted in [
        ("r/lab1/5/telemetry/reading", True),
        ("r/lab1/6/telemetry/reading", False),
        ("r/lab2/5/telemetry/reading", False),
        ("other/lab1/5/telemetry/reading", False),
        ("r/lab1/telemetry/sweep", True),
        ("r/lab1/status", True),
        ("r/bridge/lab/health", True),
    ]:
        assert (interest.source(topic) is not None) == is_wanted, topic
    source = interest.source("r/lab1/5/telemetry/reading")
    assert source is not None
    assert interest.rows(source, b"") is None  # a retained message that was cleared
    assert interest.rows(source, payload) == Rows(
        "readings", TABLES["reading"].names, rows_of("reading", PLACE, payload)
    )
    sweep = interest.source("r/lab1/telemetry/sweep")
    assert sweep is not None
    swept = b'{"run":1,"seq":2,"unix_time_second":1.0,"channel":[4,5,6],"state":["a","b","c"]}'
    found = interest.rows(sweep, swept)
    assert found is not None
    assert [row[4:7] for row in found.rows] == [(5, None, "b")]


def test_what_lies_where_it_should_not_has_no_rows() -> None:
    interest = Interest("r")
    for topic in ("r/lab1/telemetry/reading", "r/lab1/5/telemetry/sweep", "r/lab1/5/telemetry/ack"):
        source = interest.source(topic)
        assert source is not None
        assert interest.rows(source, b'{"run":1}') is None


def test_rows_of_a_table_go_together() -> None:
    one, two = Rows("readings", ("a",), [(1,)]), Rows("events", ("b",), [(2,)])
    three = Rows("readings", ("a",), [(3,), (4,)])
    assert together([one, two, three]) == [Rows("readings", ("a",), [(1,), (3,), (4,)]), two]
