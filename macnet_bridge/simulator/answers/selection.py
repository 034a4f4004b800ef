"""Selecting channels and starting all that are selected: MacNet (6, 1), and (6, 2) to channel 65535."""

from __future__ import annotations

from collections.abc import Sequence

from macnet_bridge.macnet.protocol.codes import RESULT_OK, ChannelState
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import Outcome, SelectionBitmap, StartTest, ToggleSelection
from macnet_bridge.simulator.answers.commands import start_on
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.tester import Tester

_OK = Outcome(result=RESULT_OK)
_OTHER = {
    ChannelState.AVAILABLE: ChannelState.SELECTED,
    ChannelState.SELECTED: ChannelState.AVAILABLE,
}


def toggle(tester: Tester, channels: Sequence[Channel], body: ToggleSelection, now: float) -> Outcome:
    """MacNet (6, 1) for some channels. One that is busy is a `MacNet error`, and none changes."""
    if any(channel.state not in _OTHER for channel in channels):
        raise BadRequest(BadRequest.MACNET_ERROR)
    for channel in channels:
        channel.state = _OTHER[channel.state]
    return _OK


def select(tester: Tester, channels: Sequence[Channel], body: SelectionBitmap, now: float) -> Outcome:
    """MacNet (6, 1) for all channels. Those that are busy stay as they are, whatever their bit says."""
    selected = set(body.channels)
    if selected and max(selected) > len(channels):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    for channel in channels:
        if channel.state in _OTHER:
            wanted = channel.number in selected
            channel.state = ChannelState.SELECTED if wanted else ChannelState.AVAILABLE
    return _OK


def start_selected(tester: Tester, channels: Sequence[Channel], body: StartTest, now: float) -> Outcome:
    """MacNet (6, 2) for all selected channels: one test name, and a data file for each channel."""
    selected = [channel for channel in channels if channel.state is ChannelState.SELECTED]
    if not selected:
        return Outcome(result=24)
    if body.regime and len(selected) > 1:
        return Outcome(result=10)
    return start_on(tester, selected, body, now)
