"""Finding out what a tester is: its size, its clock, which functions it has, what is odd.

A tester is asked once, when the connection comes up, and only with functions that change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from macnet_bridge.errors import BadReply, NoReply, TesterRefused
from macnet_bridge.macnet.cycler import AsyncCycler, Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m

CLOCK_WATCH_S = 1.2
"""How long a tester's clock, which shows whole seconds, must stand to be called still."""

NO_LIVE_STATE = "its clock stands still, so its readings may be fixed values: no state can be confirmed"
CONSTANT_ID = "it answers every request with id 1987"


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out about a tester.

    Attributes:
        missing: functions that it refused or answered wrongly, with what it answered.
        live: whether its readings move with time, so that a read-back proves something.
        clock_offset_second: tester's clock, taken as UTC, minus ours.
        doubtful: whether some replies were lost or garbled, so that to ask again may find more.
    """

    system: m.SystemInfo
    version: m.VersionInfo | None
    missing: dict[tuple[int, int], str] = field(default_factory=dict)
    oddities: tuple[str, ...] = ()
    live: bool = True
    clock_offset_second: float | None = None
    doubtful: bool = False

    def has(self, *functions: f.Function[Any, Any]) -> bool:
        """Whether the tester answered all of these."""
        return not any(function.number in self.missing for function in functions)


async def survey(cycler: AsyncCycler, *, constant_id: bool) -> Survey:
    """Ask a tester what it is and what it can.

    Args:
        constant_id: whether replies with the id 1987 are accepted; named as an oddity then.

    Raises:
        TransportError: it does not answer, or not even (1, 2) in a way that can be read.
    """
    system = await cycler.read_system_info()
    findings = _Findings()
    version = await findings.ask(f.VERSION_INFO, cycler.read_version_info)
    for function, ask in _questions(cycler):
        await findings.ask(function, ask)
    live, offset = await _watch_clock(cycler, findings)
    oddities = []
    if constant_id:
        oddities.append(CONSTANT_ID)
    if not live:
        oddities.append(NO_LIVE_STATE)
    if version and _versions_differ(version):
        oddities.append("its EXE and DLL are of different versions")
    return Survey(system, version, findings.missing, tuple(oddities), live, offset, findings.lost)


R = TypeVar("R")


class _Findings:
    """Collects what a tester cannot do while it is being asked."""

    def __init__(self) -> None:
        self.missing: dict[tuple[int, int], str] = {}
        self.lost = False

    async def ask(self, function: f.Function[Any, Any], question: Callable[[], Awaitable[R]]) -> R | None:
        try:
            reply = await _ask_twice(question)
        except TesterRefused as error:
            # A result code is an answer: the function is there and does not like the question.
            if isinstance(error.result, int) or error.code not in _ABSENT:
                return None
            self.missing[function.number] = str(error)
        except (BadReply, NoReply) as error:
            self.lost = True
            self.missing[function.number] = str(error)
        else:
            self.missing.pop(function.number, None)  # what answers once is there
            return reply
        return None


async def _ask_twice(question: Callable[[], Awaitable[R]]) -> R:
    """Once more after silence or rubbish: a datagram that was lost says nothing about the function."""
    try:
        return await question()
    except (BadReply, NoReply):
        return await question()


_ABSENT = frozenset({"INVALID_FUNCTION", "MACNET_ERROR"})


def _questions(cycler: AsyncCycler) -> list[tuple[f.Function[Any, Any], Callable[[], Awaitable[Any]]]]:
    """One harmless call of each function that the bridge uses, on the first channel."""
    count = min(3, cycler.channels or 1)
    probe = m.CheckStart(test_name="macnet-bridge", procedure="macnet-bridge")
    return [
        (f.ECHO, cycler.ping),
        (f.CHANNEL_SPECIFICATION, lambda: cycler.read_specification(1)),
        # Three channels where there are three: a server with a fixed answer gives itself away.
        (f.CHANNEL_STATUSES, lambda: cycler.read_statuses(1, count)),
        (f.VOLTAGES, lambda: cycler.read_voltages(1, count)),
        (f.CURRENTS, lambda: cycler.read_currents(1, count)),
        (f.AUX_READINGS, lambda: cycler.read_aux(1)),
        (f.AUX_UNITS, lambda: cycler.read_aux_units(1)),
        (f.TEST_INFO, lambda: cycler.read_test_info(1)),
        (f.FLAGS_AND_VARIABLES, lambda: cycler.read_variables(1)),
        (f.TEST_TIMES, lambda: cycler.read_test_times(1, count)),
        (f.CHECK_START, lambda: cycler.call(f.CHECK_START, 1, probe, line=Line.READS)),
    ]


async def _watch_clock(cycler: AsyncCycler, findings: _Findings) -> tuple[bool, float | None]:
    """Whether the tester's clock moves, and how far it is from ours."""
    first = await findings.ask(f.STATUS_AND_READINGS, lambda: cycler.read_status(1))
    if first is None:
        return False, None
    offset = (first.tester_time.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    end = asyncio.get_running_loop().time() + CLOCK_WATCH_S
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.1)
        again = await findings.ask(f.STATUS_AND_READINGS, lambda: cycler.read_status(1))
        if again is not None and again.tester_time != first.tester_time:
            return True, offset
    return False, offset


def _versions_differ(version: m.VersionInfo) -> bool:
    """Whether EXE and DLL do not belong together, as far as both say what they are."""
    pairs = ((version.exe_major, version.dll_major), (version.exe_minor, version.dll_minor))
    return any(dll is not None and exe != dll for exe, dll in pairs)
