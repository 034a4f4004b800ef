"""What a subscriber makes of the bridge's messages."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from macnet_bridge.cli.lab_view import LabView, Rate, Row
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.status import BridgeStatus, CyclerStatus
from macnet_bridge.payloads.telemetry import ChannelState, RawCodes, Reading, Sweep

NOW = 1000.0
CODES = RawCodes(2, 1, 1)


def state(**changes: Any) -> ChannelState:
    values: dict[str, Any] = {
        "bridge": "lab",
        "session": "s1",
        "state": "active",
        "mode": "charge",
        "end_reason": None,
        "test_name": "cell-17",
        "procedure": "CCCV_1C",
        "step_id": 2,
        "cycle_count": 3,
        "control": "procedure",
        "state_seq": 7,
        "changed_at": 1.0,
        "quality": "good",
        "raw": CODES,
    }
    return ChannelState(**values | changes)


def reading(**changes: Any) -> Reading:
    values: dict[str, Any] = {
        "unix_time_second": 1.0,
        "state": "active",
        "mode": "charge",
        "test_name": "cell-17",
        "test_time_second": 15.0,
        "step_time_second": 10.0,
        "cycle_count": 0,
        "step_id": 2,
        "record_index": 18,
        "voltage_volt": 3.85,
        "current_ampere": 0.5,
        "power_watt": 1.925,
        "step_cumulative_capacity_ah": 0.0139,
        "step_cumulative_energy_wh": 0.05,
        "tester_time": "2026-11-22T07:00:00",
        "raw": CODES,
        "run": 1,
        "seq": 1,
    }
    return Reading(**values | changes)


def sweep(*states: str, volts: float = 3.7, amperes: float | None = 0.0) -> Sweep:
    count = len(states)
    return Sweep(
        unix_time_second=1.0,
        spread_second=0.01,
        run=1,
        seq=1,
        channel=list(range(1, count + 1)),
        state=list(states),
        voltage_volt=[volts] * count,
        current_ampere=[amperes] * count,
        test_time_second=[0.0] * count,
    )


def cycler_status(word: Any = "online", session: str = "s1") -> CyclerStatus:
    return CyclerStatus(
        bridge="lab",
        session=session,
        state=word,
        reason=None,
        last_ok=1.0,
        clock_offset_second=0.0,
        missing_functions={},
        oddities=[],
    )


def acknowledgement(**changes: Any) -> Acknowledgement:
    values: dict[str, Any] = {
        "id": "1",
        "command": "ping",
        "cycler": "lab1",
        "channel": 5,
        "principal": "anonymous",
        "status": "done",
        "final": True,
        "received_at": 1.0,
    }
    return Acknowledgement(**values | changes)


def bridge_status(word: Any = "online", session: str = "s1") -> BridgeStatus:
    return BridgeStatus(state=word, session=session, since=1.0)


def tell(view: LabView, topic: str, content: msgspec.Struct | None, now: float = NOW) -> None:
    view.take(f"macnet/{topic}", b"" if content is None else msgspec.json.encode(content), now)


@pytest.fixture
def view() -> LabView:
    return LabView("macnet")


def test_state_and_reading_make_a_row(view: LabView) -> None:
    tell(view, "lab1/5/telemetry/state", state())
    tell(view, "lab1/5/telemetry/reading", reading())
    row = view.rows["lab1", 5]
    assert (row.state, row.mode, row.test_name, row.procedure) == ("active", "charge", "cell-17", "CCCV_1C")
    assert (row.voltage_volt, row.current_ampere, row.capacity_ah) == (3.85, 0.5, 0.0139)
    assert row.age_s(NOW + 2) == 2
    assert row.is_running


def test_a_retained_state_alone_tells_nothing_about_age(view: LabView) -> None:
    tell(view, "lab1/5/telemetry/state", state())
    assert view.rows["lab1", 5].age_s(NOW + 2) is None


def test_a_sweep_fills_all_rows_and_leaves_the_rest_of_them(view: LabView) -> None:
    tell(view, "lab1/1/telemetry/state", state())
    tell(view, "lab1/telemetry/sweep", sweep("active", "available", volts=3.5, amperes=-2.0))
    assert [row.channel for row in view.sorted_rows()] == [1, 2]
    first = view.rows["lab1", 1]
    assert (first.test_name, first.voltage_volt, first.power_watt) == ("cell-17", 3.5, -7.0)


def test_a_current_whose_sign_is_unknown_stays_unknown(view: LabView) -> None:
    tell(view, "lab1/telemetry/sweep", sweep("active", amperes=None))
    assert view.rows["lab1", 1].current_ampere is None
    tell(
        view,
        "lab1/1/telemetry/reading",
        reading(current_ampere=msgspec.UNSET, power_watt=msgspec.UNSET),
    )
    assert view.rows["lab1", 1].current_ampere is None


def test_replayed_readings_are_counted_and_not_shown(view: LabView) -> None:
    tell(view, "lab1/1/telemetry/reading", reading(voltage_volt=4.0))
    tell(view, "lab1/1/telemetry/reading", reading(voltage_volt=3.0, is_historical=True))
    assert view.rows["lab1", 1].voltage_volt == 4.0
    assert view.readings.total == 2


def test_rows_are_stale_once_their_bridge_is_offline(view: LabView) -> None:
    tell(view, "bridge/lab/status", bridge_status())
    tell(view, "lab1/1/telemetry/state", state())
    assert not view.rows["lab1", 1].stale
    tell(view, "bridge/lab/status", bridge_status("offline"))
    assert view.rows["lab1", 1].stale
    assert not view.rows["lab1", 1].is_running


@pytest.mark.parametrize("first", ["status", "state"])
def test_what_an_earlier_session_retained_is_stale(view: LabView, first: str) -> None:
    messages = {
        "status": ("bridge/lab/status", bridge_status(session="s2")),
        "state": ("lab1/1/telemetry/state", state(session="s1")),
    }
    tell(view, *messages.pop(first))
    tell(view, *messages.popitem()[1])
    assert view.rows["lab1", 1].stale


def test_a_cycler_is_online_only_by_the_word_of_a_bridge_that_is(view: LabView) -> None:
    tell(view, "lab1/status", cycler_status())
    assert not view.is_online("lab1")
    tell(view, "bridge/lab/status", bridge_status())
    assert view.is_online("lab1")
    tell(view, "lab1/status", cycler_status("offline"))
    assert not view.is_online("lab1")
    assert not view.is_online("lab2")


def test_cleared_topics_remove_what_they_stood_for(view: LabView) -> None:
    tell(view, "lab1/status", cycler_status())
    tell(view, "lab1/5/telemetry/state", state())
    tell(view, "lab1/5/telemetry/state", None)
    tell(view, "lab1/status", None)
    assert not view.rows
    assert not view.cyclers


@pytest.mark.parametrize("topic", ["bridge/lab/ack", "lab1/telemetry/ack", "lab1/5/telemetry/ack"])
def test_acknowledgements_are_kept_wherever_they_come_from(view: LabView, topic: str) -> None:
    tell(view, topic, acknowledgement(status="rejected"))
    assert view.acknowledgements[-1].status == "rejected"
    assert view.answers.total == 1


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b"[" * 2000, b'{"state":3}'])
@pytest.mark.parametrize("leaf", ["5/telemetry/reading", "telemetry/sweep", "5/telemetry/ack"])
def test_rubbish_is_counted_and_changes_nothing(view: LabView, leaf: str, payload: bytes) -> None:
    view.take(f"macnet/lab1/{leaf}", payload, NOW)
    assert view.unreadable == 1
    assert not view.rows


@pytest.mark.parametrize(
    "topic", ["lab1/5/cmd/ping", "lab1/5/telemetry/event", "LAB/status", "a/b/c/d/e", ""]
)
def test_other_topics_are_none_of_our_business(view: LabView, topic: str) -> None:
    view.take(f"macnet/{topic}", b"{}", NOW)
    view.take(topic, b"{}", NOW)
    assert view == LabView("macnet", readings=view.readings, sweeps=view.sweeps, answers=view.answers)


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    for moment in range(10):
        rate.count(float(moment))
    assert rate.per_second(9.0) == pytest.approx(6 / 5)
    assert rate.per_second(100.0) == 0
    assert rate.total == 10


def test_a_row_without_values_shows_no_age() -> None:
    assert Row("lab1", 1).age_s(NOW) is None
