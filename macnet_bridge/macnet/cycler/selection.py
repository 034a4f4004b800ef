"""Selecting channels for a common start: MacNet (6, 1).

What a request selected is read back by (4, 1): the manual does not say from what its JSON form
counts channels, and one that is selected by mistake would be started with the others.
"""

from __future__ import annotations

from collections.abc import Iterable

from macnet_bridge.errors import InvalidRequest, NotConfirmed
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.cycler.reads import ReadCalls
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST, ChannelState

_CHOICES = frozenset({ChannelState.AVAILABLE, ChannelState.SELECTED})


class SelectionCalls(ReadCalls):
    """Which channels are selected."""

    async def toggle_selection(self, *channels: int, before_send: BeforeSend | None = None) -> None:
        """Select those of these channels that are not, and deselect the others. MacNet (6, 1)

        Where other channels changed in their place, the same request once more puts those back.

        Raises:
            InvalidRequest: the number of channels is not known yet; see `read_system_info`.
            NotConfirmed: the tester said yes, and not all of these channels changed.
        """
        wanted = set(channels)
        for channel in wanted:
            self._check_channel(channel)
        request = m.ToggleSelection.of(*sorted(wanted))
        before = await self._choices()
        await self.call(f.SELECT, 1, request, line=Line.COMMANDS, before_send=before_send)
        changed = _changed(before, await self._choices())
        if wanted <= changed:
            return
        if changed:
            await self.call(f.SELECT, 1, request, line=Line.COMMANDS)
            changed = _changed(before, await self._choices())
        left = f"; changed and not put back: {sorted(changed)}" if changed else ""
        raise NotConfirmed(f"{f.SELECT}: channels {sorted(wanted)} were asked for, and others changed{left}")

    async def select(self, channels: Iterable[int], before_send: BeforeSend | None = None) -> None:
        """Select exactly these channels, and deselect all others. Binary MacNet (6, 1)

        Raises:
            InvalidRequest: the number of channels is not known yet; see `read_system_info`.
            NotConfirmed: others are selected now, such as when one of these is not free.
        """
        wanted = set(channels)
        request = m.SelectionBitmap.of(wanted, self._count())
        await self.call(f.SELECT_CHANNELS, 1, request, line=Line.COMMANDS, before_send=before_send)
        choices = await self._choices()
        selected = {number for number, state in choices.items() if state == ChannelState.SELECTED}
        if selected != wanted:
            raise NotConfirmed(
                f"{f.SELECT}: channels {sorted(wanted)} were asked for, {sorted(selected)} are selected"
            )

    def _count(self) -> int:
        if self.channels is None:
            raise InvalidRequest("read_system_info has to tell the number of channels first", "channels")
        return self.channels

    async def _choices(self) -> dict[int, int]:
        """States of the channels that are available or selected."""
        choices = {}
        count = self._count()
        for first in range(1, count + 1, MAX_CHANNELS_PER_REQUEST):
            block = min(MAX_CHANNELS_PER_REQUEST, count - first + 1)
            for number, status in enumerate(await self.read_statuses(first, block), first):
                if status.state in _CHOICES:
                    choices[number] = status.state
        return choices


def _changed(before: dict[int, int], after: dict[int, int]) -> set[int]:
    """The channels that went from available to selected, or back."""
    return {number for number in before.keys() & after.keys() if before[number] != after[number]}
