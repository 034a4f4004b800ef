"""The parts of the client that need no broker."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from macnet_bridge.broker import Outgoing
from macnet_bridge.broker.messages import packet_bytes
from macnet_bridge.broker.packets import publish
from macnet_bridge.client.failures import UnknownOutcome, failure_of
from macnet_bridge.client.order import Gap, Ranges, ReadingOrder
from macnet_bridge.client.parties import ChannelClient, CyclerClient
from macnet_bridge.client.request import payload
from macnet_bridge.client.verbs import BridgeVerbs, ChannelVerbs, CyclerVerbs
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.payloads.acknowledgements import Acknowledgement, Problem
from macnet_bridge.payloads.telemetry import Previous, RawCodes, Reading
from macnet_bridge.topics import Scope
from reference.client_verbs import client_verbs, verb_roles

CLIENT = Path(__file__).parents[2] / "macnet_bridge" / "client"
CLASSES = {Scope.CHANNEL: ChannelVerbs, Scope.CYCLER: CyclerVerbs, Scope.BRIDGE: BridgeVerbs}


def reading(
    run: int, seq: int, *, late: bool = False, previous: tuple[int, int] | None = None, at: float = 0.0
) -> Reading:
    return Reading(
        unix_time_second=at,
        state="active",
        mode="charge",
        test_name=None,
        test_time_second=0.0,
        step_time_second=0.0,
        cycle_count=0,
        step_id=1,
        record_index=1,
        voltage_volt=3.0,
        step_cumulative_capacity_ah=0.0,
        step_cumulative_energy_wh=0.0,
        tester_time="",
        raw=RawCodes(0, 0, 0),
        run=run,
        seq=seq,
        is_historical=late,
        previous=Previous(*previous) if previous else UNSET,
    )


def seen(order: ReadingOrder, *readings: Reading) -> list[tuple[int, int] | Gap]:
    found = [each for one in readings for each in order.take(one)]
    return [each if isinstance(each, Gap) else (each.run, each.seq) for each in found]


@pytest.mark.parametrize(("make", "name"), [(client_verbs, "verbs.py"), (verb_roles, "verb_roles.py")])
def test_the_committed_verbs_are_those_that_are_made(make: Callable[[], str], name: str) -> None:
    # As trees: how it is broken into lines is the formatter's business.
    made, committed = (ast.dump(ast.parse(text)) for text in (make(), (CLIENT / name).read_text("utf-8")))
    assert committed == made, "make them anew: python -m reference"


def test_every_verb_is_a_method() -> None:
    missing = [
        (scope, name) for scope, name in VERBS if scope in CLASSES and name not in vars(CLASSES[scope])
    ]
    assert missing == []
    assert issubclass(ChannelClient, ChannelVerbs)
    assert issubclass(CyclerClient, CyclerVerbs)


def test_what_came_before_the_first_reading_is_no_gap() -> None:
    assert seen(ReadingOrder(), reading(3, 7), reading(3, 8)) == [(3, 7), (3, 8)]


def test_a_gap_is_told_once_and_may_be_filled_late() -> None:
    found = seen(
        ReadingOrder(),
        reading(1, 5),
        reading(1, 9),
        reading(1, 9),
        reading(1, 7, late=True),
        reading(1, 7, late=True),
        reading(1, 10),
    )
    assert found == [(1, 5), Gap(1, 6, 8), (1, 9), (1, 7), (1, 10)]


def test_what_came_late_before_the_gap_was_told_is_not_in_it() -> None:
    found = seen(ReadingOrder(), reading(1, 5), reading(1, 6, late=True), reading(1, 9))
    assert found == [(1, 5), (1, 6), Gap(1, 7, 8), (1, 9)]


def test_a_new_run_names_the_last_of_the_one_before() -> None:
    order = ReadingOrder()
    assert seen(order, reading(1, 5), reading(2, 1, previous=(1, 7))) == [(1, 5), Gap(1, 6, 7), (2, 1)]
    assert seen(order, reading(4, 2, previous=(3, 2))) == [Gap(3, 1, 2), Gap(4, 1, 1), (4, 2)]


def test_a_bridge_that_counts_anew_is_heard() -> None:
    order = ReadingOrder()
    assert seen(order, reading(17, 5, at=10.0), reading(17, 6, at=11.0)) == [(17, 5), (17, 6)]
    assert seen(order, reading(17, 5, at=10.0)) == [], "twice, by its time"
    anew = [reading(1, 1, at=12.0), reading(1, 2, at=13.0), reading(1, 5, at=14.0)]
    assert seen(order, *anew) == [(1, 1), (1, 2), Gap(1, 3, 4), (1, 5)]
    assert seen(order, reading(1, 1, at=20.0)) == [(1, 1)], "and once more, in the same run"
    assert seen(order, reading(1, 4, at=13.5, late=True)) == [(1, 4)]


@given(st.lists(st.integers(1, 40)))
def test_ranges_are_sets_of_numbers(numbers: list[int]) -> None:
    ranges, known = Ranges(), set[int]()
    for number in numbers:
        assert ranges.add(number) is (number not in known)
        known.add(number)
    missing = [number for first, last in ranges.missing(3, 30) for number in range(first, last + 1)]
    assert missing == [number for number in range(3, 31) if number not in known]


@given(st.permutations(range(1, 30)), st.sets(st.integers(2, 28)))
def test_gaps_are_exactly_what_is_missing(order: list[int], lost: set[int]) -> None:
    reader = ReadingOrder()
    kept = [seq for seq in range(1, 30) if seq not in lost]
    found = [each for seq in kept for each in seen(reader, reading(1, seq))]
    gaps = {seq for gap in found if isinstance(gap, Gap) for seq in range(gap.first, gap.last + 1)}
    assert gaps == lost
    assert len(seen(reader, *(reading(1, seq, late=True) for seq in order))) == len(lost)


def test_a_payload_has_what_was_said_and_nothing_else() -> None:
    made = payload("a", {"value": 1.5, "comment": UNSET}, {"expires_s": 2.5}, {"channels": "1-3"}, 1000.0)
    assert msgspec.json.decode(made) == {
        "id": "a",
        "channels": "1-3",
        "args": {"value": 1.5},
        "expires_at": 1002500,
    }


def test_unknown_is_an_error_of_its_own_whatever_the_category() -> None:
    error = Problem(code="NO_REPLY", category="transport", message="m", retryable=False)
    common = {"id": "a", "command": "reset", "principal": "p", "final": True, "received_at": 0.0}
    failure = failure_of(Acknowledgement(status="unknown", error=error, **common))  # type: ignore[arg-type]
    assert type(failure) is UnknownOutcome
    assert (failure.code, failure.category, failure.retryable) == ("NO_REPLY", "unknown", False)


def test_a_response_topic_travels_with_mqtt_5_only() -> None:
    message = Outgoing("t", b"p", qos=1, correlation_data=b"cd", response_topic="r/x")
    made = publish(message, "5", 1024)
    assert made == b"\x32\x12\x00\x01t\x04\x00\x0b\x08\x00\x03r/x\x09\x00\x02cdp"
    assert len(made) == packet_bytes(message)
    assert publish(message, "4", 1024) == b"\x32\x06\x00\x01t\x04\x00p"
