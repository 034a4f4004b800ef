"""Leases over hours of simulated time: when they lapse, and when the watchdog is fed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands.lease import Due, Lease, LeaseRecord
from macnet_bridge.errors import Rejected, Superseded
from macnet_bridge.macnet.protocol.messages import REST, DirectOutput
from tests.commands.test_setpoints import terms

CHARGE = DirectOutput(current_ampere=1.0, voltage_volt=4.0, power_watt=65536.0, resistance_ohm=0.0, mode="C")
RECORD = LeaseRecord(cycler="lab1", channel=1, principal="ann", test_name="t", token="abc")


def lease(valid_for_s: float = 5.0, watchdog_s: float = 0.0, now: float = 100.0) -> Lease:
    made = Lease(RECORD, terms(), valid_for_s, watchdog_s)
    made.begin(CHARGE, now)
    return made


def test_it_lapses_after_its_time() -> None:
    assert lease(5.0).next_due() == Due("lapse", 105.0)
    assert Lease(RECORD, terms(), 5.0).next_due() == Due("lapse", math.inf), "before it began"


def test_a_setpoint_holds_from_its_receipt() -> None:
    it = lease(5.0)
    it.took(CHARGE, now=103.0, received_at=102.5, valid_for_s=0.5)
    assert it.next_due() == Due("lapse", 103.0)
    it.took(CHARGE, now=103.0, received_at=102.9, valid_for_s=60.0)
    assert it.next_due() == Due("lapse", 162.9)
    assert it.valid_for_s == 60.0


def test_the_watchdog_is_fed_at_a_third_of_its_time() -> None:
    it = lease(valid_for_s=60.0, watchdog_s=9.0)
    assert it.next_due() == Due("feed", 103.0)
    it.fed(103.0)
    assert it.next_due() == Due("feed", 106.0)
    it.took(CHARGE, now=104.0, received_at=103.9, valid_for_s=2.0)
    assert it.next_due() == Due("lapse", 105.9), "feeding makes no lease longer"


def test_what_is_in_doubt_is_not_repeated() -> None:
    it = lease(valid_for_s=60.0, watchdog_s=9.0)
    it.asked(CHARGE)
    assert (it.setpoint, it.next_due().what) == (None, "lapse")
    it.refused(CHARGE)
    assert it.next_due().what == "feed"
    it.asked(REST)
    assert it.setpoint is REST, "rest does no harm, whether it was taken or not"
    it.close()
    assert it.next_due().what == "lapse"


@pytest.mark.parametrize(("token", "principal"), [("abd", "ann"), ("", "ann"), ("abc", "bob"), ("abc", "")])
def test_only_its_holder_passes(token: str, principal: str) -> None:
    it = lease()
    it.check_holder("abc", "ann")
    with pytest.raises(Rejected, match="no such lease") as refused:
        it.check_holder(token, principal)
    assert refused.value.code == "NO_LEASE"
    it.close()
    with pytest.raises(Rejected):
        it.check_holder("abc", "ann")


@given(st.lists(st.integers(0, 20), max_size=30))
def test_numbers_only_rise(numbers: list[int]) -> None:
    it, newest = lease(), -1
    for n in numbers:
        if n > newest:
            it.number(n)
            newest = n
        else:
            with pytest.raises(Superseded):
                it.number(n)


@given(
    watchdog_s=st.floats(0.5, 60.0),
    valid_for_s=st.floats(0.5, 60.0),
    pauses=st.lists(st.floats(0.01, 90.0), min_size=1, max_size=60),
)
def test_hours_of_control(watchdog_s: float, valid_for_s: float, pauses: list[float]) -> None:
    """A controller that pauses at will. Never later than due, never a watchdog that starves."""
    now, it = 1000.0, lease(valid_for_s, watchdog_s, now=1000.0)
    heard_at = fed_at = now
    for pause in pauses:
        next_setpoint_at = now + pause
        while (due := it.next_due()).at <= next_setpoint_at:
            assert due.at >= now
            now = due.at
            if due.what == "lapse":
                assert now == pytest.approx(heard_at + valid_for_s), "by silence and nothing else"
                return
            assert now - fed_at <= watchdog_s / 2
            it.fed(now)
            fed_at = now
        now = next_setpoint_at
        assert now - heard_at <= valid_for_s + 1e-6
        it.took(CHARGE, now, now, valid_for_s)
        heard_at = fed_at = now
    assert it.next_due().at <= heard_at + valid_for_s
