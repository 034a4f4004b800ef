"""Watches one tester: events of its channels, alarms of both, and the tester's clock."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from macnet_bridge.macnet.protocol.codes import RUNNING, STOPPED, ChannelState
from macnet_bridge.macnet.protocol.messages import EndStatus, StatusAndReadings
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.payloads.alarms import Alarm, AlarmKind
from macnet_bridge.payloads.events import TestStarted
from macnet_bridge.telemetry import alarms, watchdog
from macnet_bridge.telemetry.alarms import NO_LIMITS, AlarmLimits, AlarmTable, Finding, LimitJudge
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.clock import TesterClock
from macnet_bridge.telemetry.ends import Ends
from macnet_bridge.telemetry.events import Look, completes, event, happened
from macnet_bridge.telemetry.offset_news import OffsetNews
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.tester import Tester

_CLOCK_EVERY_S = 0.05


class Watch:
    """What the readings of one tester show to happen, and to be wrong."""

    def __init__(
        self,
        tester: Tester,
        publisher: Publisher,
        *,
        limits: Callable[[int], AlarmLimits] = lambda channel: NO_LIMITS,
        oldest_s: Callable[[bool], float | None] = lambda running: None,
    ) -> None:
        """
        Args:
            limits: of a channel, as configured.
            oldest_s: how old the last reading of a channel may be that runs a test, or of one that
                does not; None for any age.
        """
        self._tester = tester
        self._publisher = publisher
        self._limits = limits
        self._oldest_s = oldest_s
        self._looks: dict[int, Look] = {}
        self._judges: dict[int, LimitJudge] = {}
        self._alarms = AlarmTable()
        self._events = 0
        self._seen_at = 0.0
        self._clock = TesterClock()
        self._clock_due = 0.0
        self._offset_news = OffsetNews()
        self._survey: Survey | None = None
        self._ends = Ends(tester.cycler)
        self._is_there = False
        tester.stop_ended = self._stop_ended

    # --- called by the poller

    def there(self, found: Survey, now_unix: float) -> None:
        """The tester came online."""
        self._forget(now_unix)
        if self._survey is not None and found.system != self._survey.system:
            self._looks.clear()  # what happened between two testers is no event
            self._forget_direct(now_unix)
        self._survey, self._is_there = found, True
        self._ends.came_online()
        self._clock, self._offset_news = TesterClock(), OffsetNews(found.clock_offset_second)
        self._put(None, "stale", None, now_unix)

    def _forget(self, now_unix: float) -> None:
        """Channels that a tester had before and has no more."""
        for number in [number for number in self._looks if not self._tester.serves(number)]:
            del self._looks[number]
        for place in self._alarms.places():
            if place[0] is not None and not self._tester.serves(place[0]):
                self._put(*place, None, now_unix)

    def _forget_direct(self, now_unix: float) -> None:
        """Those tests were of another tester."""
        self._tester.direct.clear()
        for number, kind in self._alarms.places():
            if kind == "watchdog":
                self._put(number, kind, None, now_unix)

    def gone(self, why: str, now_unix: float) -> None:
        """The tester is away, and with it all that was seen of its channels."""
        self._is_there = False
        for number in (None, *self._looks):
            self._put(number, "stale", alarms.tester_away(why), now_unix)

    def wants_end(self, number: int, status: StatusAndReadings) -> bool:
        """Whether a test is seen to be completed now, so that the tester can tell its end."""
        return self._ends.are_told and completes(self._looks.get(number), status)

    async def end_of(self, number: int, status: StatusAndReadings) -> EndStatus | None:
        """To which of its ends it came; None where none did or the tester does not tell. MacNet (4, 10)"""
        return await self._ends.of(number) if self.wants_end(number, status) else None

    def see(
        self, number: int, channel: Channel, asked_unix: float, now_unix: float, end: EndStatus | None = None
    ) -> None:
        """A channel has been read, and has taken its reading in.

        Args:
            asked_unix: when the tester was asked for it, by our clock.
        """
        status = channel.status
        if status is None:
            return
        self._follow_clock(now_unix)
        before, after = self._looks.get(number), Look(now_unix, status, channel.test)
        self._looks[number] = after
        if before is not None:
            self._tell_events(number, before, after, end)
        self._judge(number, status, now_unix)
        self._see_direct(number, before, after, asked_unix)
        self._see_stopped(number, status, asked_unix, now_unix)
        if now_unix >= self._clock_due or now_unix < self._clock_due - _CLOCK_EVERY_S:
            self._clock_due = now_unix + _CLOCK_EVERY_S
            self._see_clock(status, asked_unix, now_unix)

    def check_age(self, now_unix: float) -> None:
        """Find channels that were not read for too long, although the tester is there."""
        if not self._is_there:
            return
        for number, look in self._looks.items():
            oldest = self._oldest_s(look.status.state in RUNNING)
            if oldest is not None:
                self._put(number, "stale", alarms.too_old(now_unix - look.unix_time_second, oldest), now_unix)

    def leave(self, now_unix: float) -> None:
        """Another bridge serves the tester: whatever is wrong is for that one to say."""
        self._tester.direct.clear()
        for number, kind in self._alarms.places():
            self._put(number, kind, None, now_unix)

    def _follow_clock(self, now_unix: float) -> None:
        # Else what happened before our clock was set back would for a long time be yet to come.
        if now_unix < self._seen_at:
            self._alarms.set_back(now_unix)
            for test in self._tester.direct.values():
                watchdog.set_back(test, now_unix)
        self._seen_at = now_unix

    # --- events

    def _tell_events(self, number: int, before: Look, after: Look, end: EndStatus | None) -> None:
        identity = self._publisher.identity
        for kind in happened(before, after):
            self._events += 1
            event_id = f"{identity.session}.{self._tester.name}.{number}.{self._events}"
            told = event(kind, before, after, event_id=event_id, run=identity.run, end=end)
            self._publisher.event(number, told)

    # --- alarms

    def _judge(self, number: int, status: StatusAndReadings, now_unix: float) -> None:
        judge = self._judges.get(number)
        if judge is None:
            judge = self._judges[number] = LimitJudge(self._limits(number))
        if judge.is_on:
            current = self._tester.sign.signed(status.current_ampere, status.step_code)
            self._put(number, "limit", judge.judge(status, current), now_unix)
        self._put(number, "problem", alarms.problem(status), now_unix)
        self._put(number, "stale", None, now_unix)

    def _see_stopped(
        self, number: int, status: StatusAndReadings, asked_unix: float, now_unix: float
    ) -> None:
        """That nothing runs, by a reading that was asked for after the stop, ends the doubt about it."""
        place: alarms.Place = (number, "stop_unconfirmed")
        if self._alarms.get(place) is None or status.state not in STOPPED:
            return
        if self._proves_state(asked_unix, self._alarms.since(place)):
            self._put(*place, None, now_unix)

    def _see_direct(self, number: int, before: Look | None, after: Look, asked_unix: float) -> None:
        """Who suspended a test in direct mode, from the first reading that shows it; until it goes on."""
        place: alarms.Place = (number, "watchdog")
        test = self._tester.direct.get(number)
        if test is not None and self._proves_state(asked_unix, test.shown_at):
            if watchdog.is_over(test, after):
                del self._tester.direct[number]
                self._put(*place, watchdog.judge(test, after), after.unix_time_second)
                return
            if after.status.state in RUNNING:
                test.ran_at = asked_unix
        if self._alarms.get(place) is not None and (
            after.status.state != ChannelState.SUSPENDED
            or (before is not None and TestStarted in happened(before, after))
        ):
            self._put(*place, None, after.unix_time_second)

    def _proves_state(self, asked_unix: float, since_unix: float) -> bool:
        """Whether a reading tells a state that the channel had after this moment."""
        return self._survey is not None and self._survey.live and asked_unix >= since_unix

    def _stop_ended(self, number: int, verb: str, ends_test: bool, why: str | None, now_unix: float) -> None:
        if why is not None:
            self._put(number, "stop_unconfirmed", alarms.stop_unconfirmed(verb, why), now_unix)
            return
        held = self._alarms.get((number, "stop_unconfirmed"))
        if held is not None and (ends_test or held.reason == verb):
            self._put(number, "stop_unconfirmed", None, now_unix)

    def _put(self, number: int | None, kind: AlarmKind, finding: Finding | None, now_unix: float) -> None:
        if finding is None and self._alarms.is_empty:
            return  # as nearly always
        place = (number, kind)
        if not self._alarms.put(place, finding, now_unix):
            return
        self._publisher.alarm(number, kind, None if finding is None else self._alarm(place, finding))

    def _alarm(self, place: alarms.Place, finding: Finding) -> Alarm:
        identity = self._publisher.identity
        return Alarm(
            bridge=identity.bridge,
            session=identity.session,
            alarm=place[1],
            severity=finding.severity,
            since=round(self._alarms.since(place), 3),
            what=finding.what,
            reason=finding.reason,
            value=UNSET if finding.value is None else finding.value,
            limit=UNSET if finding.limit is None else finding.limit,
        )

    # --- the tester's clock

    def _see_clock(self, status: StatusAndReadings, asked_unix: float, now_unix: float) -> None:
        if self._survey is None or not self._survey.live:
            return  # a clock that stands still has no offset
        self._clock.see(status.tester_time, asked_unix, now_unix)
        if (offset := self._offset_news.of(self._clock.offset)) is not None:
            self._publisher.clock_offset(offset)
        held = self._alarms.get((None, "clock"))
        self._put(None, "clock", alarms.clock(self._clock, held, now_unix), now_unix)
