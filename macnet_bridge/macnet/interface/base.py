"""What `CyclerInterface` and `MaccorInterface` have in common: opening, closing, and the system."""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from macnet_bridge.macnet.cycler import AsyncCycler, Line
from macnet_bridge.macnet.interface.config import CyclerConfig
from macnet_bridge.macnet.interface.control import CyclerControl
from macnet_bridge.macnet.interface.replies import as_dict, fields
from macnet_bridge.macnet.interface.session import Session
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST

C = TypeVar("C", bound=CyclerControl)
T = TypeVar("T")


class TesterInterface(Generic[C]):
    """Methods that need no channel. All block until the tester has answered.

    Any thread may call them, also one in which an event loop runs, as in a notebook; that loop
    stands still meanwhile, so coroutines better use `AsyncCycler`.

    All raise errors of `macnet_bridge.errors`: `TesterOffline` when nothing was sent,
    `TesterRefused` when the tester said no, `NoReply` or `BadReply` when nobody knows.
    """

    def __init__(self, address: CyclerConfig, make: Callable[[], C]) -> None:
        self._session = Session(f"macnet {address.server_ip}:{address.json_msg_port}", make)
        # Closes when this object is collected, and at the end of the program.
        self._finalizer = weakref.finalize(self, self._session.close)

    def start(self) -> bool:
        """Connect, also again after `close`. MacNet (1, 2)

        Not needed: the first call that needs a connection opens it.

        Returns:
            True. That it does not answer is raised.
        """
        self._session.open()
        self._session.call(lambda control: control.look())
        return True

    def close(self) -> None:
        """Close the connections and end the thread. May be called twice.

        It stops no test: a channel in direct control goes on with what it was told last.
        """
        self._session.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_num_channels(self) -> int:
        """How many channels the tester has. MacNet (1, 2)"""
        return self._ask(_count)

    def read_system_info(self) -> dict[str, Any]:
        """Versions of the tester's software. MacNet (1, 1)

        Returns:
            dict with `FClass`, `FNum`, `APIVersion`, `MacTest32EXEversionMajor`, ...
        """
        return as_dict(f.VERSION_INFO, self._ask(lambda cycler: cycler.read_version_info(line=Line.COMMANDS)))

    def read_general_info(self) -> dict[str, Any]:
        """What the tester consists of. MacNet (1, 2)

        Returns:
            dict with `FClass`, `FNum`, `SystemID`, `SystemType`, `TestChannels`, ...
        """
        return as_dict(f.SYSTEM_INFO, self._ask(lambda cycler: cycler.read_system_info(line=Line.COMMANDS)))

    def read_all_channel_statuses(self) -> list[dict[str, Any]]:
        """States of all channels. MacNet (4, 1), in blocks of 128

        Returns:
            dicts with `RF1`, `RF2`, `Stat`; the first is that of channel 1.
        """
        return [fields(status) for status in self._ask(_statuses)]

    def _ask(self, question: Callable[[AsyncCycler], Awaitable[T]]) -> T:
        """Ask something that only reads."""

        async def ask(control: CyclerControl) -> T:
            await control.know_channels()
            return await question(control.cycler)

        return self._session.call(ask)

    def _status(self, channel: int) -> dict[str, Any]:
        reply = self._ask(lambda cycler: cycler.read_status(channel, line=Line.COMMANDS))
        return as_dict(f.STATUS_AND_READINGS, reply, channel)


async def _count(cycler: AsyncCycler) -> int:
    return cycler.channels or 0


async def _statuses(cycler: AsyncCycler) -> list[m.ChannelStatus]:
    count = await _count(cycler)
    found: list[m.ChannelStatus] = []
    while len(found) < count:
        block = m.ChannelRange(count=min(count - len(found), MAX_CHANNELS_PER_REQUEST))
        reply = await cycler.call(f.CHANNEL_STATUSES, len(found) + 1, block, line=Line.COMMANDS)
        found += reply.statuses
    return found
