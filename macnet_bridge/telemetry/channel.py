"""What is known of one channel between two polls, and what of it is worth publishing."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.codes import RUNNING, ChannelState, RecordCause, StepCode
from macnet_bridge.macnet.protocol.messages import StatusAndReadings, TestInfo
from macnet_bridge.payloads.telemetry import ChannelState as StatePayload
from macnet_bridge.payloads.telemetry import Control, Lock, Quality
from macnet_bridge.readings import raw_codes

_ENDED = (ChannelState.COMPLETED, ChannelState.SUSPENDED, ChannelState.PROBLEM)
_WITHOUT_TEST = (ChannelState.AVAILABLE, ChannelState.SELECTED)
_STATE_SEQS_PER_RUN = 1 << 24


class Channel:
    """One channel of one tester, as last seen.

    `state_seq` rises with every change and over restarts: the run counts above, changes below.
    """

    def __init__(self, run: int) -> None:
        self.status: StatusAndReadings | None = None
        self.test: TestInfo | None = None
        self.lock: Lock | None = None
        self.quality: Quality = "stale"
        self.changed_at = 0.0
        self._state_seq = run * _STATE_SEQS_PER_RUN
        self._test_due = True

    @property
    def running(self) -> bool:
        return self.status is not None and self.status.state in RUNNING

    @property
    def test_name(self) -> str | None:
        return self.test.test_name or None if self.test else None

    def needs_test_info(self, status: StatusAndReadings) -> bool:
        """Whether a test may have begun or ended since its names were read.

        A free channel has none, and asking for it anyway would double what the first look at
        all channels of a tester costs.
        """
        if status.state in _WITHOUT_TEST:
            return False
        last = self.status
        return (
            self._test_due
            or last is None
            or last.state != status.state
            or status.test_time_second < last.test_time_second
        )

    def test_may_be_another(self) -> None:
        """The names of its test have to be read again."""
        self._test_due = True

    def see(self, status: StatusAndReadings, now_unix: float, test: TestInfo | None = None) -> bool:
        """Take a reading in, and the test's names when they were read. True = the state changed.

        Names that were due and could not be read are forgotten: they may be another test's.
        """
        before = self._shown()
        self._test_due = test is None and self.needs_test_info(status)
        self.status, self.quality = status, "good"
        if test is not None or self._test_due or status.state in _WITHOUT_TEST:
            self.test = test
        return self._changed(before, now_unix)

    def go_stale(self, now_unix: float) -> bool:
        """The tester is away. True = the published state has to say so."""
        before = self._shown()
        self.quality = "stale"
        return self.status is not None and self._changed(before, now_unix)

    def see_lock(self, lock: Lock | None, now_unix: float) -> bool:
        """It was locked or unlocked. True = the published state has to say so."""
        before = self._shown()
        self.lock = lock
        return self.status is not None and self._changed(before, now_unix)

    def payload(self, bridge: str, session: str, cell_id: str | None = None) -> StatePayload | None:
        """The retained state, None while nothing is known."""
        if self.status is None:
            return None
        return StatePayload(
            bridge=bridge,
            session=session,
            state=ChannelState.word(self.status.state),
            mode=StepCode.word(self.status.step_code),
            end_reason=self._end_reason(),
            test_name=self.test_name,
            cell_id=cell_id,
            procedure=self.test.procedure or None if self.test else None,
            step_id=self.status.step_id,
            cycle_count=self.status.cycle_count,
            control=self._control(),
            lock=self.lock,
            state_seq=self._state_seq,
            changed_at=self.changed_at,
            quality=self.quality,
            raw=raw_codes(self.status),
        )

    def _shown(self) -> tuple[object, ...]:
        """What counts as a change of state: state, mode, test, control, lock and quality."""
        if self.status is None:
            return ()
        return (self.status.state, self.status.step_code, self.test, self.lock, self.quality)

    def _changed(self, before: tuple[object, ...], now_unix: float) -> bool:
        if self._shown() == before:
            return False
        self._state_seq += 1
        self.changed_at = round(now_unix, 3)
        return True

    def _end_reason(self) -> str | None:
        if self.status is None or self.status.state not in _ENDED:
            return None
        return RecordCause.word(self.status.record_cause)

    def _control(self) -> Control:
        if not self.running:
            return "none"
        # A test that runs without a procedure of the tester's is in direct mode.
        return "procedure" if self.test is None or self.test.procedure else "direct"
