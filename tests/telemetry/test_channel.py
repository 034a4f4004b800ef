"""What is known of a channel, and when it has changed."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause, StepCode
from macnet_bridge.macnet.protocol.messages import TestInfo
from macnet_bridge.payloads.telemetry import ChannelState as StatePayload
from macnet_bridge.telemetry.channel import Channel
from tests.telemetry.statuses import status

TEST = TestInfo(test_name="a", procedure="CCCV_1C")
OTHER = TestInfo(test_name="b", procedure="CCCV_1C")


def shown(channel: Channel) -> StatePayload:
    payload = channel.payload("lab", "s1")
    assert payload is not None
    return payload


def test_nothing_is_known_at_first() -> None:
    channel = Channel(run=1)
    assert channel.payload("lab", "s1") is None
    assert not channel.running
    assert not channel.go_stale(0.0), "there is nothing published that could be wrong"


def test_the_first_look() -> None:
    channel = Channel(run=1)
    assert channel.see(status(), 1.23456, TEST)
    payload = shown(channel)
    assert (payload.state, payload.mode, payload.test_name, payload.procedure) == (
        "active",
        "charge",
        "a",
        "CCCV_1C",
    )
    assert (payload.quality, payload.control, payload.changed_at) == ("good", "procedure", 1.235)
    assert payload.end_reason is None


def test_only_a_change_counts() -> None:
    channel = Channel(run=1)
    channel.see(status(), 1.0, TEST)
    first = shown(channel).state_seq
    assert not channel.see(status(test_time_second=20.0, current_ampere=0.9, cycle_count=4), 2.0)
    assert (shown(channel).state_seq, shown(channel).changed_at) == (first, 1.0)
    assert shown(channel).cycle_count == 4
    assert channel.see(status(step_code=StepCode.REST), 3.0)
    assert (shown(channel).state_seq, shown(channel).changed_at) == (first + 1, 3.0)
    assert channel.see(status(step_code=StepCode.REST, state=ChannelState.SUSPENDED), 4.0)
    assert channel.see(status(step_code=StepCode.REST, state=ChannelState.SUSPENDED), 5.0, OTHER)
    assert shown(channel).state_seq == first + 3


def test_state_seq_rises_over_restarts() -> None:
    last = 0
    for run in (1, 2, 3, 500):
        channel = Channel(run)
        for number in range(5):
            channel.see(status(state=number), 1.0)
            assert shown(channel).state_seq > last
            last = shown(channel).state_seq
    assert last < 2**53, "readers in JavaScript have to carry it"


def test_stale_and_good_again() -> None:
    channel = Channel(run=1)
    channel.see(status(), 1.0, TEST)
    assert channel.go_stale(2.0)
    assert (shown(channel).quality, shown(channel).changed_at, shown(channel).test_name) == (
        "stale",
        2.0,
        "a",
    )
    assert not channel.go_stale(3.0)
    assert channel.see(status(), 4.0)
    assert shown(channel).quality == "good"


def test_when_the_names_of_a_test_are_due() -> None:
    channel = Channel(run=1)
    assert channel.needs_test_info(status())
    channel.see(status(), 1.0, TEST)
    assert not channel.needs_test_info(status(test_time_second=11.0))
    assert channel.needs_test_info(status(state=ChannelState.SUSPENDED))
    assert channel.needs_test_info(status(test_time_second=1.0)), "another test began between two looks"


def test_names_that_could_not_be_read_stay_due() -> None:
    channel = Channel(run=1)
    channel.see(status(), 1.0, TEST)
    new = status(test_time_second=1.0)
    assert channel.needs_test_info(new)
    channel.see(new, 2.0)
    assert channel.test_name is None, "the old test's name is not this one's"
    later = status(test_time_second=2.0)
    assert channel.needs_test_info(later)
    channel.see(later, 3.0, OTHER)
    assert channel.test_name == "b"
    assert not channel.needs_test_info(status(test_time_second=3.0))


def test_why_it_ended() -> None:
    channel = Channel(run=1)
    channel.see(status(record_cause=RecordCause.STEP_TIME), 1.0)
    assert shown(channel).end_reason is None
    for state in (ChannelState.COMPLETED, ChannelState.SUSPENDED, ChannelState.PROBLEM):
        channel.see(status(state=state, record_cause=RecordCause.SUSPENDED_BY_OPERATOR), 1.0)
        assert shown(channel).end_reason == "suspended_by_operator"


def test_who_controls_it() -> None:
    channel = Channel(run=1)
    channel.see(status(), 1.0, TestInfo(test_name="d", procedure=""))
    assert shown(channel).control == "direct"
    channel.see(status(state=ChannelState.SUSPENDED), 1.0, TEST)
    assert shown(channel).control == "none"
