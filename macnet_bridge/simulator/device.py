"""The pure device: function, channel, request and time in; reply out.

`SERVED` has a line for every row of MacNet's function table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from macnet_bridge.macnet.protocol.codes import ALL_SELECTED
from macnet_bridge.macnet.protocol.functions import START_TEST, Function, Target
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message, Outcome
from macnet_bridge.simulator import commands, readings
from macnet_bridge.simulator.channel import Channel
from macnet_bridge.simulator.tester import Tester

Answer = Callable[[Tester, Sequence[Channel], Any, float], Message]
Command = Callable[[Tester, Channel, Any, float], Message]

_NO_CHANNEL_SELECTED = 24


def _for_one(command: Command) -> Answer:
    return lambda tester, channels, body, now: command(tester, channels[0], body, now)


SERVED: dict[tuple[int, int], Answer] = {
    (0, 0): readings.echo,
    (1, 1): readings.version_info,
    (1, 2): readings.system_info,
    (3, 1): readings.specification,
    (4, 1): readings.statuses,
    (4, 2): readings.voltages,
    (4, 3): readings.currents,
    (4, 4): readings.aux_readings,
    (4, 5): readings.aux_units,
    (4, 6): readings.test_info,
    (4, 7): readings.status_and_readings,
    (4, 8): readings.flags_and_variables,
    (4, 9): readings.test_times,
    (6, 2): _for_one(commands.start_test),
    (6, 3): _for_one(commands.suspend),
    (6, 4): _for_one(commands.resume),
    (6, 5): _for_one(commands.reset),
    (6, 7): _for_one(commands.start_direct),
    (6, 8): _for_one(commands.set_output),
    (6, 9): _for_one(commands.set_variable),
    (6, 10): _for_one(commands.set_safety_limits),
    (6, 11): _for_one(commands.check_start),
}


def handle(tester: Tester, function: Function[Any, Any], channel: int, body: Message, now: float) -> Message:
    """What the tester replies, after the channels addressed have moved on to `now`.

    Args:
        channel: 1-based; ignored by system functions.
        now: monotonic seconds, never less than before.

    Raises:
        BadRequest: a refusal that has no code, such as a channel that is not there.
    """
    if function is START_TEST and channel == ALL_SELECTED + 1:
        return Outcome(result=_NO_CHANNEL_SELECTED)  # selecting, (6, 1), is not among the functions yet
    answer = SERVED.get(function.number)
    if answer is None:
        raise BadRequest(BadRequest.INVALID_FNUM)
    channels = _addressed(tester, function, channel, body)
    for each in channels:
        each.advance(now)
    return answer(tester, channels, body, now)


def _addressed(
    tester: Tester, function: Function[Any, Any], channel: int, body: Message
) -> Sequence[Channel]:
    if function.target is Target.SYSTEM:
        return ()
    count = body.count if isinstance(body, ChannelRange) else 1
    if channel < 1 or channel - 1 + count > len(tester.channels):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    return tester.channels[channel - 1 : channel - 1 + count]
