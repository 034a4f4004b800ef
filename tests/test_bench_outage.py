"""The judge of outages, the subscriber's ledger and the proxy: each finds what it is there to find."""

from __future__ import annotations

import ast
import socket
import sys
from pathlib import Path

import pytest

from bench import keeper
from bench.keeper import MOST_MISSING, Ledger
from bench.outage import health_of_runs, totals
from bench.outage_judge import (
    Gap,
    Judgement,
    Record,
    Window,
    gaps_by_window,
    judge,
    merged,
    records,
)
from bench.proxy import Proxy

ONE, TWO = "t/lab1/1/telemetry/reading", "t/lab1/2/telemetry/reading"


def reading(
    seq: int,
    *,
    run: int = 1,
    topic: str = ONE,
    at: float | None = None,
    old: bool = False,
    previous: tuple[int, int] | None = None,
) -> Record:
    """Measured at its number, in seconds, unless told otherwise."""
    return Record(0.0, topic, run, seq, old, float(seq) if at is None else at, previous)


def faults(found: Judgement, channels: int = 1, silence_s: float = 1e9) -> list[str]:
    return found.faults(channels=channels, silence_s=silence_s)


def test_whole_runs_are_without_fault() -> None:
    arrived = [
        *(reading(seq) for seq in (1, 2, 3)),
        reading(1, run=2, at=4.0, previous=(1, 3)),
        reading(1, topic=TWO),
    ]
    found = judge(arrived, [], 0.0)
    assert faults(found, channels=2, silence_s=1.0) == []
    assert (found.readings, found.channels, found.runs, found.missing) == (5, 2, 2, 0)


def test_replayed_readings_between_live_ones_are_without_fault() -> None:
    arrived = [reading(1), reading(5), reading(2, old=True), reading(6), reading(3, old=True)]
    found = judge([*arrived, reading(4, old=True)], [], 0.0)
    assert faults(found) == []
    assert found.historical == 3


def test_a_number_that_never_came_is_a_gap() -> None:
    found = judge([reading(1), reading(2), reading(5)], [], 0.0)
    assert found.outside == [Gap(ONE, 1, 3, 4, 2.0, 5.0)]
    assert faults(found) == ["2 readings lost outside of any kill"]


def test_a_run_begins_with_one() -> None:
    assert judge([reading(3)], [], 0.0).gaps == [Gap(ONE, 1, 1, 2, 3.0, 3.0)]


@pytest.mark.parametrize(
    ("window", "slack_s", "is_outside"),
    [
        (Window(2.0, 5.0), 0.0, False),
        (Window(2.5, 4.5), 0.0, True),
        (Window(2.5, 4.5), 0.5, False),
        (Window(4.0, 9.0), 1.0, True),
        (Window(0.0, 3.0), 1.0, True),
    ],
)
def test_a_gap_has_to_lie_in_a_window(window: Window, slack_s: float, is_outside: bool) -> None:
    found = judge([reading(2), reading(5), reading(1)], [window], slack_s)
    assert found.missing == 2
    assert bool(found.outside) is is_outside


def test_windows_that_touch_are_one() -> None:
    windows = [Window(10.0, 12.0, "b"), Window(1.0, 3.0, "a"), Window(13.0, 14.0, "c")]
    assert merged(windows, 0.5) == [Window(0.5, 3.5, "a"), Window(9.5, 14.5, "b, c")]


def test_duplicates_are_counted_by_kind_and_are_no_fault() -> None:
    arrived = [reading(1), reading(1), reading(1, old=True), reading(2, old=True), reading(2, old=True)]
    found = judge(arrived, [], 0.0)
    assert found.duplicates == {
        "live again live": 1,
        "live again historical": 1,
        "historical again historical": 1,
    }
    assert faults(found) == []


@pytest.mark.parametrize(
    ("old", "words"), [(False, "1 live readings out of order"), (True, "1 replayed ones out of order")]
)
def test_order_within_a_kind(old: bool, words: str) -> None:
    arrived = [reading(1, old=old), reading(3, old=old), reading(2, old=old)]
    assert faults(judge(arrived, [], 0.0)) == [words]


def test_an_older_run_after_a_newer_one_is_out_of_order() -> None:
    arrived = [reading(1), reading(1, run=2, previous=(1, 1)), reading(2)]
    assert judge(arrived, [], 0.0).disordered_live == 1


def test_previous_that_the_subscriber_never_got_is_a_gap_at_the_end_of_its_run() -> None:
    arrived = [reading(1), reading(2), reading(1, run=2, at=9.0, previous=(1, 4))]
    assert judge(arrived, [], 0.0).outside == [Gap(ONE, 1, 3, 4, 2.0, 9.0)]
    assert judge(arrived, [Window(2.0, 9.0)], 0.0).outside == []


def test_more_than_previous_promised_is_no_fault() -> None:
    arrived = [reading(1), reading(2), reading(3), reading(1, run=2, at=4.0, previous=(1, 1))]
    found = judge(arrived, [], 0.0)
    assert found.unannounced == 2
    assert faults(found) == []


def test_a_new_run_without_previous_is_a_fault() -> None:
    found = judge([reading(1), reading(1, run=2, at=2.0)], [], 0.0)
    assert faults(found) == ["1 new runs of a channel without `previous`"]


def test_previous_of_no_earlier_run_is_untrue() -> None:
    found = judge([reading(1), reading(1, run=2, at=2.0, previous=(2, 1))], [], 0.0)
    assert faults(found) == ["1 untrue `previous`"]


def test_a_channel_that_was_not_read_is_found() -> None:
    found = judge([reading(1, at=10.0), reading(2, at=35.0)], [], 0.0)
    assert faults(found, silence_s=20.0) == ["a channel was not read for 25.0 s"]
    assert faults(found, silence_s=30.0) == []


def test_a_channel_without_readings_is_found() -> None:
    assert faults(judge([reading(1)], [], 0.0), channels=2) == ["readings of 1 channels, not 2"]


def test_gaps_are_counted_for_their_window() -> None:
    windows = [Window(1.0, 2.0, "1 broker"), Window(5.0, 6.0, "2 bridge")]
    gaps = [
        Gap(ONE, 1, 1, 2, 1.5, 3.0),
        Gap(ONE, 1, 5, 5, 5.1, 5.2),
        Gap(ONE, 1, 6, 8, 1.9, 5.9),
        Gap(ONE, 1, 9, 9, 8.0, 9.0),
    ]
    assert gaps_by_window(gaps, windows) == {"1 broker": 2, "2 bridge": 4, "outside": 1}
    assert gaps_by_window(gaps[:1], []) == {"outside": 2}


def test_lines_of_the_keeper_become_records() -> None:
    lines = [
        ["subscribed", 1.0, 0],
        ["reading", 2.0, ONE, 3, 4, 1, 1.5, [2, 9], "available", 3.7],
        ["reading", 2.0, ONE, 3, 5, 0, 1.6, None, "available", 3.7],
    ]
    assert records(lines) == [
        Record(2.0, ONE, 3, 4, True, 1.5, (2, 9)),
        Record(2.0, ONE, 3, 5, False, 1.6, None),
    ]


def test_the_last_health_of_each_run_counts() -> None:
    topic = "trial/bridge/trial/health"

    def told(run: int, losses: int) -> list[object]:
        return ["other", 1.0, topic, {"run": run, "broker": {"losses": losses}}]

    health = health_of_runs([told(1, 1), told(1, 2), told(2, 5)])
    assert totals(health) == {"broker.losses": 7}


def message(run: int, seq: int, *, old: bool = False) -> dict[str, object]:
    return {"run": run, "seq": seq, "is_historical": old, "unix_time_second": float(seq)}


def test_the_subscriber_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(keeper.__file__).read_text("utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or "."] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "json" in imported
    assert imported <= sys.stdlib_module_names | {"__future__"}


def test_the_ledger_knows_what_is_missing_and_forgives_what_comes_late() -> None:
    ledger = Ledger()
    for seq in (1, 2, 5, 5):
        ledger.take(ONE, message(1, seq))
    assert (ledger.missing, ledger.duplicates) == (2, 1)
    ledger.take(ONE, message(1, 3, old=True))
    assert (ledger.missing, ledger.late, ledger.historical) == (1, 1, 1)
    ledger.take(ONE, message(2, 1))
    assert ledger.missing == 1
    assert ledger.summary()["oldest_live"] == 1.0


def test_the_ledger_stays_small_whatever_is_missing() -> None:
    ledger = Ledger()
    ledger.take(ONE, message(1, 10 * MOST_MISSING))
    assert ledger.missing == 10 * MOST_MISSING - 1
    assert ledger.forgotten == ledger.missing


def test_a_cut_network_is_silent_and_comes_back_for_new_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Proxy(server.getsockname()[1]) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
            far, _ = server.accept()
            client.sendall(b"one")
            assert far.recv(10) == b"one"
            proxy.cut()
            client.sendall(b"two")
            far.settimeout(0.2)
            with pytest.raises(TimeoutError):
                far.recv(10)
            proxy.restore()
            far.settimeout(5)
            assert _ended(far)
            assert _ended(client)
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
            far, _ = server.accept()
            far.sendall(b"three")
            assert client.recv(10) == b"three"


def _ended(side: socket.socket) -> bool:
    try:
        return side.recv(10) == b""
    except ConnectionResetError:
        return True
