"""Which of two bridges serves a cycler: one of them, never both, whatever the order of events."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from macnet_bridge.app.ownership import Ownership, Rank
from macnet_bridge.payloads.status import BridgeStatus


def status(session: str, since: float, state: Any = "online", not_served: Any = UNSET) -> BridgeStatus:
    return BridgeStatus(state=state, session=session, since=since, not_served=not_served)


def ours(since: float = 100.0, session: str = "m") -> Ownership:
    return Ownership("mine", Rank(since, session), ["lab1", "lab2"], takeover_s=10.0)


def left_to_the_other() -> Ownership:
    """Ours, which has seen lab1 with a bridge that was there before it."""
    it = ours()
    it.heard_status("other", status("o", 50.0))
    it.heard_claim("lab1", "other", "o")
    it.look(0.0)
    return it


def test_alone() -> None:
    it = ours()
    assert it.look(0.0)
    assert not it.look(1.0)
    assert it.not_served == {}


def test_a_live_claim_is_respected_also_by_one_whose_clock_is_behind() -> None:
    for since in (50.0, 100.0, 150.0):
        it = ours()
        it.heard_status("other", status("o", since))
        it.heard_claim("lab1", "other", "o")
        it.look(0.0)
        assert it.not_served == {"lab1": "other"}


def test_claims_of_the_dead_do_not_count() -> None:
    for dead in (status("o", 50.0, "offline"), status("later", 50.0), None):
        it = ours()
        if dead is not None:
            it.heard_status("other", dead)
        it.heard_claim("lab1", "other", "o")
        it.look(0.0)
        assert it.not_served == {}


def test_our_own_claim_of_an_earlier_session_is_nobody_elses() -> None:
    it = ours()
    it.heard_status("mine", status("before", 50.0))
    it.heard_claim("lab1", "mine", "before")
    it.look(0.0)
    assert it.not_served == {}


def test_it_is_taken_over_once_the_other_was_gone_for_long_enough() -> None:
    it = left_to_the_other()
    it.heard_status("other", status("o", 60.0, "offline"))
    it.look(1.0)
    it.look(10.9)
    assert it.not_served == {"lab1": "other"}
    it.look(11.0)
    assert it.not_served == {}


def test_a_restart_of_the_other_is_waited_for() -> None:
    it = left_to_the_other()
    it.heard_status("other", status("o", 60.0, "offline"))
    it.look(1.0)
    it.heard_status("other", status("o2", 160.0))
    it.heard_claim("lab1", "other", "o2")
    for now in (9.0, 12.0, 100.0):
        it.look(now)
        assert it.not_served == {"lab1": "other"}


def test_time_without_a_broker_does_not_count() -> None:
    it = left_to_the_other()
    it.heard_status("other", status("o", 60.0, "offline"))
    it.look(1.0)
    it.connected()
    it.look(50.0)
    assert it.not_served == {"lab1": "other"}
    it.look(60.0)
    assert it.not_served == {}


def test_of_two_that_claimed_at_once_the_older_keeps_it_then_the_smaller_session() -> None:
    for since, session, keeps in (
        (101.0, "a", True),
        (99.0, "z", False),
        (100.0, "n", True),
        (100.0, "a", False),
    ):
        it = ours(100.0, "m")
        it.look(0.0)
        it.heard_status("other", status(session, since))
        assert it.heard_claim("lab1", "other", session)
        it.look(1.0)
        assert it.not_served == ({} if keeps else {"lab1": "other"})


def test_who_leaves_a_cycler_to_another_claims_it_no_longer() -> None:
    it = ours(100.0)
    it.look(0.0)
    it.heard_status("other", status("o", 50.0))
    it.heard_claim("lab1", "other", "o")
    it.heard_status("other", status("o", 50.0, not_served={"lab1": "mine"}))
    it.look(1.0)
    assert it.not_served == {}


class Bridge:
    """A bridge beside a broker that keeps the last message of each topic."""

    def __init__(self, name: str, since: float, session: str, broker: dict[tuple[str, str], Any]) -> None:
        self.name, self.since, self.session, self.broker = name, since, session, broker
        self.ownership = Ownership(name, Rank(since, session), ["lab1"], takeover_s=10.0)
        self.inbox: list[tuple[tuple[str, str], Any]] = list(broker.items())

    def serves(self) -> bool:
        return not self.ownership.not_served

    def publish(self, others: list[Bridge]) -> None:
        left = self.ownership.not_served or UNSET
        self._retain(("status", self.name), status(self.session, self.since, not_served=left), others)
        if self.serves():
            self._retain(("claim", "lab1"), (self.name, self.session), others)

    def _retain(self, topic: tuple[str, str], payload: Any, others: list[Bridge]) -> None:
        self.broker[topic] = payload
        for other in others:
            other.inbox.append((topic, payload))

    def hear(self, others: list[Bridge], now: float, count: int) -> None:
        for _ in range(min(count, len(self.inbox))):
            (kind, about), payload = self.inbox.pop(0)
            if kind == "status":
                self.ownership.heard_status(about, payload)
            elif self.ownership.heard_claim(about, *payload):
                self.ownership.look(now)
                self.publish(others)
        if self.ownership.look(now):
            self.publish(others)


@settings(max_examples=300)
@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=60),
    st.integers(0, 60),
)
def test_in_the_end_one_serves(ages: list[int], events: list[tuple[int, int]], started: int) -> None:
    """Some bridges start at about the same time and hear of each other late, in any order."""
    broker: dict[tuple[str, str], Any] = {}
    bridges: list[Bridge] = []
    for step, (index, count) in enumerate([*events, *[(n, 99) for _ in range(8) for n in range(4)]]):
        if step >= started * len(bridges) // 8 and len(bridges) < len(ages):
            number = len(bridges)
            new = Bridge(f"b{number}", float(ages[number]), f"s{(number * 7) % 5}", broker)
            bridges.append(new)
            new.ownership.look(0.0) if not broker else None
            new.hear([b for b in bridges if b is not new], 0.0, count)
            new.publish([b for b in bridges if b is not new])
        bridge = bridges[index % len(bridges)]
        bridge.hear([b for b in bridges if b is not bridge], step / 1000, count)
    assert len(bridges) == len(ages)
    assert [bridge.serves() for bridge in bridges].count(True) == 1
    (winner,) = [bridge for bridge in bridges if bridge.serves()]
    assert broker["claim", "lab1"] == (winner.name, winner.session)
