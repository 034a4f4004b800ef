"""The outbox, by rules that must hold after any history."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from macnet_bridge.broker import Counters, Lane, Outgoing
from macnet_bridge.broker.messages import is_publishable, packet_bytes
from macnet_bridge.broker.outbox import Entry, Outbox, OutboxLimits

LIMITS = OutboxLimits(
    acknowledgement_messages=20,
    acknowledgement_bytes=2_000,
    telemetry_messages=10,
    telemetry_bytes=1_000,
    window=8,
    reserve=3,
    unwritten_bytes=300,
)


class OutboxMachine(RuleBasedStateMachine):
    """Plays the application, the broker and the socket."""

    def __init__(self) -> None:
        super().__init__()
        self.counters = Counters()
        self.outbox = Outbox(self.counters, LIMITS)
        self.number = 0
        self.mid = 0
        self.accepted = 0
        self.is_open = False
        self.in_flight: dict[int, Entry] = {}
        self.unwritten: list[Entry] = []
        self.acknowledgements_sent: list[int] = []
        self.settled: dict[int, list[bool]] = {}

    @rule(
        lane=st.sampled_from(Lane), qos=st.sampled_from([0, 1]), size=st.integers(0, 90), retain=st.booleans()
    )
    def publish(self, lane: Lane, qos: int, size: int, retain: bool) -> None:
        self.number += 1
        payload = b"%d|" % self.number + bytes(size)
        told: list[bool] = []
        message = Outgoing("t", payload, qos, retain, settled=told.append)
        accepted = self.outbox.offer(message, lane)
        if accepted:
            self.settled[self.number] = told
        else:
            assert told == []
        assert accepted or lane is Lane.TELEMETRY or packet_bytes(Outgoing("t", payload, 1)) > 80
        self.accepted += accepted

    @precondition(lambda self: not self.is_open)
    @rule(receive_maximum=st.sampled_from([None, 1, 2, 5, 65_535]), max_packet=st.sampled_from([None, 80]))
    def connect(self, receive_maximum: int | None, max_packet: int | None) -> None:
        self.outbox.connected(receive_maximum, max_packet)
        assert self.outbox.take() is None
        self.outbox.opened()
        self.is_open = True
        self.window = min(8, receive_maximum or 8)
        self.acknowledgements_sent.clear()

    @precondition(lambda self: self.is_open)
    @rule()
    def hand_over(self) -> None:
        while (entry := self.outbox.take()) is not None:
            self.mid += 1
            self.outbox.handed(entry, self.mid)
            if entry.lane is Lane.ACKNOWLEDGEMENT:
                self.acknowledgements_sent.append(int(entry.message.payload.split(b"|")[0]))
            if entry.message.qos:
                self.in_flight[self.mid] = entry
            else:
                self.unwritten.append(entry)

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), denied=st.booleans())
    def confirm(self, data: st.DataObject, denied: bool) -> None:
        mid = data.draw(st.sampled_from(sorted(self.in_flight)))
        assert self.outbox.confirmed(mid, denied=denied) is self.in_flight.pop(mid)
        assert self.outbox.confirmed(mid) is None

    @precondition(lambda self: self.unwritten)
    @rule()
    def write(self) -> None:
        self.unwritten.pop(0)
        self.outbox.written()

    @precondition(lambda self: self.is_open)
    @rule()
    def lose(self) -> None:
        self.outbox.lost()
        self.is_open = False
        self.in_flight.clear()
        self.unwritten.clear()
        assert self.outbox.take() is None

    @invariant()
    def nothing_vanishes(self) -> None:
        under_way = len(self.in_flight) + len(self.unwritten)
        counted = self.counters.confirmed + self.counters.dropped + self.outbox.queued + under_way
        assert counted == self.accepted
        assert self.accepted + self.counters.refused == self.number

    @invariant()
    def each_is_settled_once(self) -> None:
        told = [verdict for verdicts in self.settled.values() for verdict in verdicts]
        assert all(len(verdicts) <= 1 for verdicts in self.settled.values())
        assert told.count(True) == self.counters.confirmed - self.counters.denied
        assert told.count(False) == self.counters.dropped + self.counters.denied

    @invariant()
    def bounds_hold(self) -> None:
        assert self.outbox.in_flight == len(self.in_flight)
        assert self.outbox.queued <= 20 + 10
        assert self.outbox.unwritten_bytes == sum(entry.size for entry in self.unwritten)
        assert self.outbox.unwritten_bytes <= 300 or len(self.unwritten) == 1
        if self.is_open:
            assert len(self.in_flight) <= self.window
            telemetry = sum(entry.lane is Lane.TELEMETRY for entry in self.in_flight.values())
            assert telemetry <= self.window - min(3, self.window // 2)

    @invariant()
    def acknowledgements_keep_their_order(self) -> None:
        assert self.acknowledgements_sent == sorted(self.acknowledgements_sent)

    @invariant()
    def owed_counts_what_a_clean_stop_waits_for(self) -> None:
        assert self.outbox.owed >= 0
        if not self.outbox.queued and not self.in_flight and not self.unwritten:
            assert self.outbox.owed == 0


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def open_outbox(limits: OutboxLimits = LIMITS) -> Outbox:
    outbox = Outbox(Counters(), limits)
    outbox.connected(None, None)
    outbox.opened()
    return outbox


def test_acknowledgements_overtake_telemetry() -> None:
    outbox = open_outbox()
    outbox.offer(Outgoing("t", b"telemetry", 1), Lane.TELEMETRY)
    outbox.offer(Outgoing("t", b"ack", 1), Lane.ACKNOWLEDGEMENT)
    taken = [entry.message.payload for entry in iter(outbox.take, None) if entry]
    assert taken == [b"ack", b"telemetry"]


def test_the_oldest_acknowledgement_goes_when_there_are_too_many() -> None:
    counters = Counters()
    outbox = Outbox(counters, LIMITS)
    for number in range(25):
        assert outbox.offer(Outgoing("t", b"%02d" % number, 1), Lane.ACKNOWLEDGEMENT)
    outbox.connected(None, None)
    outbox.opened()
    first = outbox.take()
    assert first is not None
    assert first.message.payload == b"05"
    assert counters.dropped == 5
    assert outbox.owed_lost == 5


def test_unconfirmed_acknowledgements_are_sent_again_before_newer_ones() -> None:
    outbox = open_outbox()
    for number in range(4):
        outbox.offer(Outgoing("t", b"%d" % number, 1), Lane.ACKNOWLEDGEMENT)
    for mid in (1, 2, 3):
        entry = outbox.take()
        assert entry is not None
        outbox.handed(entry, mid)
    outbox.confirmed(2)
    outbox.lost()
    outbox.connected(None, None)
    outbox.opened()
    assert [entry.message.payload for entry in iter(outbox.take, None) if entry] == [b"0", b"2", b"3"]


@pytest.mark.parametrize(
    "message",
    [
        Outgoing("", b""),
        Outgoing("a/+", b""),
        Outgoing("a/#", b""),
        Outgoing("a\0", b""),
        Outgoing("a\ud800", b""),
        Outgoing("a" * 65_536, b""),
        Outgoing("a", b"", 2),
    ],
)
def test_what_mqtt_cannot_carry_is_refused(message: Outgoing) -> None:
    counters = Counters()
    assert not Outbox(counters, LIMITS).offer(message, Lane.ACKNOWLEDGEMENT)
    assert counters.refused == 1


def test_the_longest_topic_is_accepted() -> None:
    assert is_publishable(Outgoing("a" * 65_535, b""))


def _note(told: list[int], number: int, is_taken: bool) -> None:
    told.append(number)


def test_the_newest_is_given_up_first() -> None:
    outbox = open_outbox()
    told: list[int] = []
    for number in range(5):
        outbox.offer(Outgoing("t", b"", 1, settled=partial(_note, told, number)), Lane.TELEMETRY)
    for mid in (1, 2, 3):
        entry = outbox.take()
        assert entry is not None
        outbox.handed(entry, mid)
    outbox.lost()
    assert told == [4, 3, 2, 1, 0]


def leaving(outbox: Outbox, first_mid: int) -> list[bytes]:
    """Hand over all that may leave."""
    payloads: list[bytes] = []
    while (entry := outbox.take()) is not None:
        outbox.handed(entry, first_mid + len(payloads))
        payloads.append(entry.message.payload)
    return payloads


def test_telemetry_that_filled_its_window_leaves_again_when_half_of_it_is_free() -> None:
    outbox = open_outbox()  # of a window of 8, telemetry has 5
    for number in range(7):
        assert outbox.offer(Outgoing("t", b"%d" % number, 1), Lane.TELEMETRY)
    assert leaving(outbox, 1) == [b"0", b"1", b"2", b"3", b"4"]
    outbox.confirmed(1)
    outbox.confirmed(2)
    assert leaving(outbox, 6) == []
    outbox.offer(Outgoing("t", b"ack", 1), Lane.ACKNOWLEDGEMENT)
    assert leaving(outbox, 6) == [b"ack"]
    outbox.confirmed(6)
    outbox.confirmed(3)
    assert leaving(outbox, 7) == [b"5", b"6"]
