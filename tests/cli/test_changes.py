"""What `watch --json` prints: a line for what is other than before, and nothing else."""

from __future__ import annotations

import msgspec

from macnet_bridge.cli.changes import Changes, ChannelNow, CyclerNow
from macnet_bridge.cli.lab_view import LabView
from tests.cli.test_lab_view import NOW, bridge_status, cycler_status, reading, state, sweep
from tests.cli.test_live_table import alarm

ONLINE = CyclerNow(cycler="lab1", state="online", reason=None, alarms=[])


class Told:
    """A view, and what is told after each message."""

    def __init__(self, only: frozenset[int] | None = None) -> None:
        self.view = LabView("macnet", only=only)
        self.changes = Changes(self.view)

    def after(self, topic: str, content: msgspec.Struct | None) -> list[CyclerNow | ChannelNow]:
        self.view.take(f"macnet/{topic}", b"" if content is None else msgspec.json.encode(content), NOW)
        return list(self.changes.after(f"macnet/{topic}"))


def test_only_what_changed_is_told() -> None:
    told = Told()
    told.after("bridge/lab/status", bridge_status())
    assert told.after("lab1/status", cycler_status()) == [ONLINE]
    first = told.after("lab1/telemetry/sweep", sweep("available", "available"))
    assert [(now.channel, now.state) for now in first if isinstance(now, ChannelNow)] == [
        (1, "available"),
        (2, "available"),
    ]
    assert told.after("lab1/telemetry/sweep", sweep("available", "available")) == []
    (second,) = told.after("lab1/telemetry/sweep", sweep("available", "suspended"))
    assert isinstance(second, ChannelNow)
    assert (second.channel, second.state) == (2, "suspended")


def test_a_line_has_all_that_is_known() -> None:
    told = Told()
    told.after("lab1/17/telemetry/state", state())
    (now,) = told.after("lab1/17/telemetry/reading", reading())
    assert msgspec.to_builtins(now) == {
        "kind": "channel",
        "cycler": "lab1",
        "channel": 17,
        "state": "active",
        "mode": "charge",
        "test_name": "cell-17",
        "procedure": "CCCV_1C",
        "step_id": 2,
        "cycle_count": 0,
        "voltage_volt": 3.85,
        "current_ampere": 0.5,
        "test_time_second": 15.0,
        "stale": False,
        "alarms": [],
    }


def test_alarms_come_and_go() -> None:
    told = Told()
    told.after("lab1/telemetry/sweep", sweep("active"))
    (raised,) = told.after("lab1/1/telemetry/alarm/limit", alarm())
    assert raised.alarms == ["limit"]
    (cleared,) = told.after("lab1/1/telemetry/alarm/limit", None)
    assert cleared.alarms == []


def test_a_bridge_that_goes_makes_all_of_its_channels_stale() -> None:
    told = Told()
    told.after("bridge/lab/status", bridge_status())
    told.after("lab1/status", cycler_status())
    told.after("lab1/1/telemetry/state", state())
    gone = told.after("bridge/lab/status", bridge_status("offline"))
    cycler, channel = gone
    assert isinstance(cycler, CyclerNow)
    assert isinstance(channel, ChannelNow)
    assert (cycler.state, channel.stale) == ("offline", True)


def test_channels_that_are_not_wanted_are_not_told() -> None:
    told = Told(only=frozenset({2}))
    swept = told.after("lab1/telemetry/sweep", sweep("active", "active", "active"))
    assert [now.channel for now in swept if isinstance(now, ChannelNow)] == [2]
    assert told.after("lab1/1/telemetry/reading", reading()) == []
    assert told.after("lab1/1/telemetry/alarm/limit", alarm()) == []
    assert told.view.alarms == {}


def test_a_topic_of_others_changes_nothing() -> None:
    assert Told().after("lab1/1/cmd/suspend", None) == []
