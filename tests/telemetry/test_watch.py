"""What a watch publishes of readings, and what it keeps to itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from macnet_bridge.broker import Outgoing
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler.outputs import Fed
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import SystemInfo, TestInfo
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.telemetry.alarms import AlarmLimits
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.telemetry.publisher import Identity, Publisher
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import DirectTest, Tester
from macnet_bridge.topics import Topics
from tests.telemetry.statuses import status

START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC).timestamp()
TEST = TestInfo(test_name="a", procedure="CCCV_1C")
SYSTEM = SystemInfo(
    system_id="a lab", system_type=0, controller_boards=1, test_channels=8, aux_boards=0, aux_channels=0
)


@dataclass
class Watched:
    """A watch of a tester that nobody has to ask, and all that it published."""

    messages: list[tuple[str, Any, bool]] = field(default_factory=list)
    channels: dict[int, Channel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tester = Tester("lab1", AsyncCycler(TesterAddress("127.0.0.1")))
        delivery = Delivery(self._publish, lambda: True, run=7)
        self.publisher = Publisher(
            self.tester, Topics("macnet", "lab"), Identity("lab", "s1", 7), delivery, qos=1
        )
        self.watch = Watch(
            self.tester,
            self.publisher,
            limits=lambda channel: AlarmLimits(voltage_max_volt=4.2),
            oldest_s=lambda running: 13.0 if running else None,
        )
        self.there()

    def there(self, *, live: bool = True, **changes: Any) -> None:
        system = msgspec.structs.replace(SYSTEM, **changes)
        self.tester.survey = Survey(system, None, live=live)
        self.watch.there(self.tester.survey, START)

    def see(self, number: int = 1, at: float = 0.0, asked: float | None = None, **changes: Any) -> None:
        channel = self.channels.setdefault(number, Channel(7))
        shown = datetime.fromtimestamp(0, UTC) + timedelta(seconds=START + at)
        values = {"tester_time": shown.replace(microsecond=0, tzinfo=None)} | changes
        channel.see(status(**values), START + at, TEST)
        self.watch.see(number, channel, START + (at if asked is None else asked), START + at)

    def alarms(self, topic: str) -> list[str | None]:
        """Reasons on a topic, None for each time that it was cleared."""
        return [content and content["reason"] for found, content, _ in self.messages if found == topic]

    def events(self) -> list[tuple[str, str]]:
        return [(content["id"], content["kind"]) for found, content, _ in self.messages if "/event" in found]

    def _publish(self, message: Outgoing) -> bool:
        assert message.qos == 1
        content = msgspec.json.decode(message.payload) if message.payload else None
        self.messages.append((message.topic, content, message.retain))
        return True


def test_ids_tell_session_cycler_channel_and_number() -> None:
    it = Watched()
    it.see(1)
    it.see(5)
    assert it.messages == [], "a first look is no event"
    it.see(5, 1.0, step_id=2)
    it.see(1, 1.0, state=ChannelState.SUSPENDED)
    assert it.events() == [("s1.lab1.5.1", "step_changed"), ("s1.lab1.1.2", "suspended")]
    assert not any(retain for _, _, retain in it.messages)


def test_what_happened_while_it_was_away_is_told_with_the_old_look() -> None:
    it = Watched()
    it.see(1, 0.0)
    it.watch.gone("no connection", START + 1.0)
    it.there()
    it.see(1, 500.0, step_id=4)
    (event,) = [content for topic, content, _ in it.messages if topic.endswith("/event")]
    assert (event["before"]["unix_time_second"], event["unix_time_second"]) == (START, START + 500.0)


def test_between_two_testers_nothing_happened() -> None:
    it = Watched()
    it.see(1, 0.0)
    it.watch.gone("no connection", START + 1.0)
    it.there(test_channels=64)
    it.see(1, 2.0, step_id=4)
    assert it.events() == []


def test_stale_of_tester_and_channel() -> None:
    it = Watched()
    it.see(1, 0.0)
    for _ in range(2):
        it.watch.gone("no connection", START + 1.0)
    it.there()
    assert it.alarms("macnet/lab1/telemetry/alarm/stale") == ["tester_away", None]
    assert it.alarms("macnet/lab1/1/telemetry/alarm/stale") == ["tester_away"]
    it.see(1, 2.0)
    assert it.alarms("macnet/lab1/1/telemetry/alarm/stale") == ["tester_away", None]


def test_a_channel_that_is_not_read_any_more() -> None:
    it = Watched()
    it.see(1, 0.0)
    it.see(2, 0.0, state=ChannelState.AVAILABLE)
    it.watch.check_age(START + 13.0)
    assert it.messages == []
    it.watch.check_age(START + 14.0)
    assert it.alarms("macnet/lab1/1/telemetry/alarm/stale") == ["no_reading"]
    assert it.alarms("macnet/lab1/2/telemetry/alarm/stale") == [], "its age does not matter"
    it.watch.check_age(START + 20.0)
    it.see(1, 21.0)
    assert it.alarms("macnet/lab1/1/telemetry/alarm/stale") == ["no_reading", None]


def test_what_was_wrong_with_channels_that_are_gone_is_withdrawn() -> None:
    """A tester with fewer channels comes in place of the one that had them."""
    it = Watched()
    for number in (2, 7):
        it.see(number, state=ChannelState.PROBLEM)
    it.watch.gone("no connection", START + 1.0)
    it.tester.cycler.channels = 4
    it.there(test_channels=4)
    assert it.alarms("macnet/lab1/7/telemetry/alarm/problem")[-1] is None
    assert it.alarms("macnet/lab1/7/telemetry/alarm/stale")[-1] is None
    assert it.alarms("macnet/lab1/2/telemetry/alarm/stale") == ["tester_away"], "until it is read"


def test_alarms_are_retained_published_again_and_withdrawn() -> None:
    it, topic = Watched(), "macnet/lab1/1/telemetry/alarm/limit"
    it.see(1, 0.0, voltage_volt=4.3)
    (first,) = it.messages
    assert first == (
        topic,
        {
            "bridge": "lab",
            "session": "s1",
            "alarm": "limit",
            "severity": "critical",
            "since": START,
            "what": "voltage_volt 4.3 is above voltage_max_volt 4.2",
            "reason": "voltage_max_volt",
            "value": 4.3,
            "limit": 4.2,
        },
        True,
    )
    assert it.publisher.has_raised(topic)
    it.publisher.alarms()
    assert it.messages == [first, first]
    it.watch.leave(START + 5.0)
    assert it.messages[2:] == [(topic, None, True)]
    assert not it.publisher.has_raised(topic)
    it.publisher.alarms()
    assert len(it.messages) == 3


STOP = "macnet/lab1/1/telemetry/alarm/stop_unconfirmed"


def test_only_a_reading_asked_for_after_the_stop_ends_the_doubt() -> None:
    it = Watched()
    it.tester.stop_ended(1, "suspend", True, "no reply", START + 1.0)
    it.see(1, 1.5, asked=0.9, state=ChannelState.SUSPENDED)
    it.see(1, 2.0, state=ChannelState.ACTIVE)
    assert it.alarms(STOP) == ["suspend"]
    it.see(1, 3.0, state=ChannelState.SUSPENDED)
    assert it.alarms(STOP) == ["suspend", None]


def test_states_that_prove_nothing_end_no_doubt() -> None:
    it = Watched()
    it.there(live=False)
    it.tester.stop_ended(1, "suspend", True, "no reply", START + 1.0)
    it.see(1, 3.0, state=ChannelState.SUSPENDED)
    assert it.alarms(STOP) == ["suspend"]
    it.tester.stop_ended(1, "suspend", True, None, START + 4.0)
    assert it.alarms(STOP) == ["suspend", None]


STARVED = "macnet/lab1/1/telemetry/alarm/watchdog"


def direct(it: Watched, taken_s: float = 0.0, shown_s: float = 0.0) -> None:
    taken = START + taken_s
    it.tester.direct[1] = DirectTest("a", 10.0, Fed(taken, taken), START + shown_s)


@pytest.mark.parametrize("state", [ChannelState.AVAILABLE, ChannelState.ACTIVE, ChannelState.COMPLETED])
def test_a_watchdog_that_bit_is_told_until_the_channel_goes_on(state: ChannelState) -> None:
    it = Watched()
    direct(it)
    it.see(1, 4.0, asked=3.9)
    it.see(1, 5.0, state=ChannelState.NO_CONTROLLER)
    assert it.tester.direct[1].ran_at == START + 3.9
    for at in (12.0, 13.0):
        it.see(1, at, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == ["no_output"]
    it.see(1, 14.0, state=state)
    assert it.alarms(STARVED) == ["no_output", None]
    it.see(1, 15.0, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == ["no_output", None], "nobody controls it any more"


def test_another_test_that_is_suspended_at_once_ends_the_alarm_of_the_watchdog() -> None:
    it = Watched()
    direct(it)
    it.see(1, 12.0, state=ChannelState.SUSPENDED)
    it.see(1, 13.0, state=ChannelState.SUSPENDED, test_time_second=1.0)
    assert it.alarms(STARVED) == ["no_output", None]


def test_a_suspend_before_the_watchdogs_time_is_never_told_as_its_own() -> None:
    it = Watched()
    direct(it)
    for at in (9.0, 11.0, 60.0):
        it.see(1, at, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == []


def test_what_was_seen_before_the_start_says_nothing_of_it() -> None:
    it = Watched()
    direct(it, shown_s=20.0)
    it.see(1, 21.0, asked=19.9, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == []
    it.see(1, 22.0, asked=20.1, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == ["no_output"]


def test_no_watchdog_is_told_of_states_that_prove_nothing_nor_of_another_tester() -> None:
    it = Watched()
    it.there(live=False)
    direct(it)
    it.see(1, 12.0, state=ChannelState.SUSPENDED)
    it.there(test_channels=64)
    it.see(1, 13.0, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == []


def test_an_alarm_of_the_watchdog_is_not_taken_over_to_another_tester() -> None:
    it = Watched()
    direct(it)
    it.see(1, 12.0, state=ChannelState.SUSPENDED)
    it.there()
    assert it.alarms(STARVED) == ["no_output"]
    it.there(system_id="another")
    assert it.alarms(STARVED) == ["no_output", None]


def test_what_happens_while_another_bridge_serves_a_tester_is_not_the_watchdogs() -> None:
    it = Watched()
    direct(it)
    it.see(1, 4.0)
    it.watch.leave(START + 5.0)
    it.there()
    it.see(1, 60.0, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == []


def test_a_suspend_by_hand_after_our_clock_was_set_back_is_not_the_watchdogs() -> None:
    it = Watched()
    direct(it)
    it.see(1, 4.0)
    it.see(1, -3600.0)
    it.tester.direct[1].fed.taken_at = START - 3596.0
    for at in (-3595.0, 4.0, 60.0):
        it.see(1, at, state=ChannelState.SUSPENDED)
    assert it.alarms(STARVED) == []


def test_a_doubt_about_a_stop_ends_though_our_clock_was_set_back() -> None:
    it = Watched()
    it.see(1, 0.0)
    it.tester.stop_ended(1, "suspend", True, "no reply", START + 1.0)
    it.see(1, -3600.0)
    it.see(1, -3599.0, state=ChannelState.SUSPENDED)
    assert it.alarms(STOP) == ["suspend", None]


@pytest.mark.parametrize(("first", "then", "cleared"), [("suspend", "rest", False), ("rest", "rest", True)])
def test_a_rest_confirms_no_suspend(first: str, then: str, cleared: bool) -> None:
    it = Watched()
    it.tester.stop_ended(1, first, first != "rest", "no reply", START)
    it.tester.stop_ended(1, then, then != "rest", None, START + 1.0)
    assert it.alarms(STOP) == ([first, None] if cleared else [first])


def test_the_clock_offset_is_told_when_it_is_known_better() -> None:
    it = Watched()
    it.publisher.status(None, START)
    for n in range(600):
        it.see(1, n * 1.037)
    offsets = [
        content["clock_offset_second"] for topic, content, _ in it.messages if topic.endswith("/status")
    ]
    assert offsets[0] is None
    assert 1 < len(offsets) < 6, "not with every reading"
    assert offsets[-1] == pytest.approx(0.0, abs=0.03)


def test_a_clock_that_stands_still_has_no_offset() -> None:
    it = Watched()
    it.there(live=False)
    for n in range(40):
        it.see(1, n * 1.0, tester_time=datetime(2022, 10, 13, 12, 32, 56))  # noqa: DTZ001
    assert it.messages == []
