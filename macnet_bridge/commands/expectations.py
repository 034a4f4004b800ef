"""`expect`: what a channel must be like right before a command is sent, on a fresh read of it."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from macnet_bridge.commands.job import Job
from macnet_bridge.commands.read_back import read_state
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.macnet.protocol.messages import StatusAndReadings
from macnet_bridge.payloads.envelope import Expect

_WORDS = frozenset(ChannelState.word(state) for state in ChannelState)
_NUMBER = re.compile(r"code_[0-9]{1,5}")
_WITHOUT_TEST = (ChannelState.AVAILABLE, ChannelState.SELECTED)


class Expectation:
    """What one command expects. To be called with its job."""

    def __init__(self, expect: Expect) -> None:
        """
        Raises:
            Rejected: BAD_ARGS, MacNet has no such state.
        """
        self._expect = expect
        if expect.state is not UNSET and not (expect.state in _WORDS or _NUMBER.fullmatch(expect.state)):
            known = ", ".join(sorted(_WORDS))
            raise Rejected("BAD_ARGS", f"expect.state: there are {known}", "expect.state")

    async def __call__(self, job: Job[Any]) -> None:
        """Compare it with the channel. MacNet (4, 7), and (4, 6) where a test's name matters

        Raises:
            Rejected: EXPECT_FAILED, with what differs.
        """
        status = await read_state(job)
        if "reset" in job.steps:
            # It was as expected, and then freed on the way to the start.
            _same("state", ChannelState.word(ChannelState.AVAILABLE), ChannelState.word(status.state))
            return
        expect = self._expect
        if expect.state is not UNSET:
            _same("state", expect.state, ChannelState.word(status.state))
        if expect.test_name is UNSET and expect.state_seq is UNSET:
            return
        test_name = await _test_name(job, status)
        if expect.test_name is not UNSET:
            _same("test_name", expect.test_name, test_name)
        if expect.state_seq is not UNSET:
            _check_sequence(job, expect.state_seq, status, test_name)


async def _test_name(job: Job[Any], status: StatusAndReadings) -> str | None:
    if status.state in _WITHOUT_TEST:
        return None  # what the tester then tells is of a test before
    info = await job.tester.cycler.read_test_info(job.channel, line=Line.COMMANDS)
    return info.test_name or None


def _check_sequence(job: Job[Any], wanted: int, status: StatusAndReadings, test_name: str | None) -> None:
    """A number stands for the state that was published with it; the tester may be past that one."""
    published = job.tester.published.get(job.channel)
    _same("state_seq", wanted, published.state_seq if published else None)
    if published is None:
        return
    _same("state since state_seq was published", published.state, ChannelState.word(status.state))
    _same("mode since state_seq was published", published.mode, StepCode.word(status.step_code))
    _same("test_name since state_seq was published", published.test_name, test_name)


def _same(what: str, expected: object, found: object) -> None:
    if expected != found:
        field = f"expect.{what.split()[0]}"
        raise Rejected("EXPECT_FAILED", f"{what} is {found!r}, and {expected!r} was expected", field)
