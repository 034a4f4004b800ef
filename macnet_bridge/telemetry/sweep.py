"""One sweep: all channels of a tester by its bulk functions, in columns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeVar

from msgspec import UNSET

from macnet_bridge.macnet.cycler import AsyncCycler
from macnet_bridge.macnet.cycler.reads import Columns
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST, ChannelState
from macnet_bridge.payloads.telemetry import Sweep
from macnet_bridge.readings import SIGN_UNKNOWN
from macnet_bridge.tester import Tester

T = TypeVar("T")

SWEEP_FUNCTIONS = (f.CHANNEL_STATUSES, f.VOLTAGES, f.CURRENTS, f.TEST_TIMES)

_state_word = lru_cache(maxsize=256)(ChannelState.word)


@dataclass(frozen=True, slots=True)
class Swept:
    """What the bulk reads gave, one entry per served channel.

    Attributes:
        states, step_codes: `Stat` and `RF1`.
        currents: in A, with the tester's own sign.
        spread_second: from the first request to the last reply.
    """

    channels: list[int]
    states: list[int]
    step_codes: list[int]
    voltages: list[float]
    currents: list[float]
    test_times: list[float]
    unix_time_second: float
    spread_second: float


async def sweep(tester: Tester, *, together: bool = False) -> Swept:
    """Read all served channels. MacNet (4, 1) (4, 2) (4, 3) (4, 9)

    Each quantity takes one request per 128 channels. The time of the sweep is that of its
    last reply.

    Args:
        together: let the requests of a block leave in one go, for testers that are so quick that
            a command need not wait for long behind all four.
    """
    served = tester.channels
    started = time.monotonic()
    states: list[int] = []
    step_codes: list[int] = []
    voltages: list[float] = []
    currents: list[float] = []
    test_times: list[float] = []
    read = tester.cycler.read_columns if together else partial(_one_by_one, tester.cycler)
    for first, count in blocks(served[0], served[-1]):
        columns = await read(first, count)
        states += [status.state for status in columns.statuses]
        step_codes += [status.step_code for status in columns.statuses]
        voltages += columns.voltage_volt
        currents += columns.current_ampere
        test_times += columns.test_time_second
    spread = time.monotonic() - started
    now_unix = time.time()
    return Swept(
        served,
        _picked(states, served),
        _picked(step_codes, served),
        _picked(voltages, served),
        _picked(currents, served),
        _picked(test_times, served),
        now_unix,
        spread,
    )


async def _one_by_one(cycler: AsyncCycler, first: int, count: int) -> Columns:
    """Each request waits for the reply to the one before, so that a command gets in between."""
    return Columns(
        await cycler.read_statuses(first, count),
        await cycler.read_voltages(first, count),
        await cycler.read_currents(first, count),
        await cycler.read_test_times(first, count),
    )


def _picked(column: list[T], served: list[int]) -> list[T]:
    """The values of the served channels, of a column from the first to the last; mostly these are all."""
    return column if len(served) == len(column) else [column[channel - served[0]] for channel in served]


def blocks(first: int, last: int) -> list[tuple[int, int]]:
    """Cut a range of channels into requests of at most 128: pairs of first channel and count."""
    return [
        (start, min(MAX_CHANNELS_PER_REQUEST, last - start + 1))
        for start in range(first, last + 1, MAX_CHANNELS_PER_REQUEST)
    ]


def sweep_payload(swept: Swept, tester: Tester, *, run: int, seq: int) -> Sweep:
    """A sweep in our words, currents with their sign."""
    currents = tester.sign.signed_column(swept.currents, swept.step_codes)
    return Sweep(
        unix_time_second=round(swept.unix_time_second, 3),
        spread_second=round(swept.spread_second, 4),
        run=run,
        seq=seq,
        channel=swept.channels,
        state=list(map(_state_word, swept.states)),
        voltage_volt=swept.voltages,
        current_ampere=currents,
        test_time_second=swept.test_times,
        errors={"current_ampere": SIGN_UNKNOWN} if None in currents else UNSET,
    )
