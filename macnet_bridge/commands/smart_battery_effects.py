"""What smart battery commands bring about, as far as MacNet lets it be read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from macnet_bridge.commands.job import Job
from macnet_bridge.commands.read_back import can_read_back, wait_until
from macnet_bridge.commands.smart_battery_arguments import shown
from macnet_bridge.errors import NotConfirmed, OutcomeUnknown, TesterRefused
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.payloads.arguments import Arguments

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)
Row = f.Function[Any, Any]
SbJob = Job[Arguments]

_BUS_LOGIC_TOLERANCE_VOLT = 0.05
"""Testers set the bus voltage in steps: the manual's example has 3.29934 V for 3.3 V."""


class _ReadBack(NamedTuple):
    """How the effect of a command is read.

    Attributes:
        needs: what the tester is asked.
        shows: the message of which it gives the fields.
        look: what shows the effect, None while nothing does.
        must_show: whether the tester contradicts itself when nothing shows the effect.
    """

    needs: tuple[Row, ...]
    shows: type[m.Message]
    look: Callable[[SbJob, Any], Awaitable[Mapping[str, Any] | None]]
    must_show: bool = True


async def ask(job: SbJob, row: f.Function[Q, R], request: Q) -> R:
    """A request beside the deciding one."""
    return await job.tester.cycler.call(row, job.channel, request, line=Line.COMMANDS)


async def read_back(
    row: Row, job: SbJob, request: m.Message, doubt: OutcomeUnknown | None
) -> Mapping[str, Any] | None:
    """What shows the effect; None where nothing can.

    Raises:
        NotConfirmed: the tester said yes, and shows that it is otherwise.
    """
    back = _READ_BACKS.get(row)
    if back is None or not can_read_back(job, *back.needs):
        return None
    seen: list[Mapping[str, Any]] = []

    async def shows() -> bool:
        content = await back.look(job, request)
        if content is not None:
            seen.append(content)
        return content is not None

    if await wait_until(shows, job.rules.timeout_s if doubt or back.must_show else 0.0):
        return seen[-1]
    if back.must_show and not doubt:
        raise NotConfirmed("the tester said yes, and what it shows is not what was sent")
    return None


def read_back_message(row: Row) -> type[m.Message] | None:
    """What a command is read back as, None for those that nothing shows."""
    back = _READ_BACKS.get(row)
    return back.shows if back else None


async def _setup_shows(job: SbJob, wanted: m.SetPosition) -> Mapping[str, Any] | None:
    setup = await ask(job, f.SMB_POSITION, m.Empty())
    exact = ("bus_type", "device_address", "clock_divisor", "access_delay_ms")
    same = all(getattr(setup, name) == getattr(wanted, name) for name in exact)
    near = abs(setup.bus_logic_volt - wanted.bus_logic_volt) < _BUS_LOGIC_TOLERANCE_VOLT
    return shown(setup) if same and near else None


async def _entry_shows(job: SbJob, wanted: m.NewScanEntry) -> Mapping[str, Any] | None:
    entry = await ask(job, f.SMB_READ_ENTRY, m.ScanIndex(index=wanted.index))
    same = all(_trimmed(getattr(entry, name)) == _trimmed(getattr(wanted, name)) for name in _ENTRY)
    return shown(entry) if same else None


_ENTRY = m.ScanEntry.__struct_fields__


def _trimmed(value: int | str) -> int | str:
    """Texts without the spaces and NULs that fill their field."""
    return value.rstrip(" \0") if isinstance(value, str) else value


async def _copy_is_empty(job: SbJob, request: m.Empty) -> Mapping[str, Any] | None:
    try:
        await ask(job, f.SMB_READ_ENTRY, m.ScanIndex(index=0))
    except TesterRefused as error:
        return {} if error.code == "ILLEGAL_VALUE" else None
    return None


_READ_BACKS: dict[Row, _ReadBack] = {
    f.SMB_SET_POSITION: _ReadBack((f.SMB_POSITION,), m.PositionSetup, _setup_shows),
    f.SMB_WRITE_ENTRY: _ReadBack((f.SMB_READ_ENTRY,), m.ScanEntry, _entry_shows),
    # What testers answer past the end of a list is not documented: only a clear answer proves something.
    f.SMB_CLEAR_LIST: _ReadBack((f.SMB_READ_ENTRY,), m.Empty, _copy_is_empty, must_show=False),
}
# Not of saving and refreshing: (7, 5) shows addresses and lengths of what is polled, and neither
# error values nor designators, so lists that look alike need not be the same.
