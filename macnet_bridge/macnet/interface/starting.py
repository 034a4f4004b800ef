"""Starting a test on one channel, once, and seeing that it did.

The same steps as those of the bridge's verbs: free the channel, set the limits and compare
what the tester took, ask whether the start would work, start, read the state and the name.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from datetime import datetime

from macnet_bridge.errors import FunctionMissing, NotConfirmed, OutcomeUnknown, Rejected
from macnet_bridge.macnet.cycler import AsyncCycler, Line, same_limits
from macnet_bridge.macnet.cycler.waiting import wait_until
from macnet_bridge.macnet.interface.config import ChannelConfig
from macnet_bridge.macnet.interface.setpoints import check_voltage, first_setpoint
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import ChannelSpecification, CheckStart, StartTest

_MADE_UP_BY_TESTER = "Random"
_COMMENT = "Started by macnet-bridge"
_FREE = (ChannelState.AVAILABLE, ChannelState.COMPLETED)
_NO_TEST = (ChannelState.AVAILABLE, ChannelState.SELECTED)


async def start_test(cycler: AsyncCycler, config: ChannelConfig) -> None:
    """Start a test by its procedure. MacNet (6, 10), (6, 11), (6, 2)

    Raises:
        Rejected: the channel is busy, the tester took other limits, or there is no procedure.
        TesterRefused: the tester does not start it.
        OutcomeUnknown: sent, and the tester does not show the test.
    """
    if not config.test_procedure:
        raise Rejected("BAD_ARGS", "test_procedure: the configuration names none", "test_procedure")
    request = StartTest(
        test_name=_name(config),
        procedure=config.test_procedure,
        comment=_COMMENT,
        c_rate_ah=config.c_rate_ah,
    )
    await _prepare(cycler, config)
    await _check(cycler, config.channel, request)
    await _once(cycler, config.channel, request.test_name, cycler.start_test(config.channel, request))


async def start_direct(
    cycler: AsyncCycler, config: ChannelConfig, specification: ChannelSpecification | None
) -> None:
    """Start direct control, with zero amperes. MacNet (6, 10), (6, 7)

    Raises:
        TesterOffline: the connection that rest takes cannot be opened.
        What `start_test` raises.
    """
    request = first_setpoint(config, _name(config))
    if specification:
        check_voltage(request.voltage_volt, specification)
    # A channel that could not be put to rest is not to be started.
    await cycler.ping_rest()
    await _prepare(cycler, config)
    await _once(cycler, config.channel, request.test_name, cycler.start_direct(config.channel, request))


def _name(config: ChannelConfig) -> str:
    """The configured name, else one that no other test has.

    The tester would make one up as well, but then a lost reply would leave a test that nobody
    here can tell from another.
    """
    name = config.test_name.strip()
    if name and name.casefold() != _MADE_UP_BY_TESTER.casefold():
        return name
    return f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


async def _prepare(cycler: AsyncCycler, config: ChannelConfig) -> None:
    await _free(cycler, config.channel)
    wanted = config.limits
    taken = await cycler.set_safety_limits(config.channel, wanted)
    if not same_limits(wanted, taken):
        raise Rejected(
            "SAFETY_MISMATCH", f"the tester took other safety limits: {taken}; nothing was started"
        )


async def _free(cycler: AsyncCycler, channel: int) -> None:
    """Reset a channel whose test is over; refuse all that have another one."""
    state = await _state(cycler, channel)
    if state not in _FREE:
        raise Rejected("CHANNEL_BUSY", f"channel {channel} is {ChannelState.word(state)}")
    if state == ChannelState.COMPLETED:
        await cycler.reset(channel)
        if not await wait_until(lambda: is_available(cycler, channel), cycler.timeout_s):
            raise Rejected("CHANNEL_BUSY", f"channel {channel} was reset, and is still not available")


async def _check(cycler: AsyncCycler, channel: int, request: StartTest) -> None:
    """MacNet (6, 11), where the tester has it."""
    check = CheckStart(**{name: getattr(request, name) for name in CheckStart.__struct_fields__})
    try:
        await cycler.check_start(channel, check)
    except FunctionMissing:
        return


async def _once(cycler: AsyncCycler, channel: int, test_name: str, start: Awaitable[None]) -> None:
    """Start, never again whatever comes back, and wait until the tester shows the test."""
    doubt: OutcomeUnknown | None = None
    try:
        await start
    except OutcomeUnknown as error:
        doubt = error
    if not await wait_until(lambda: _shows(cycler, channel, test_name), cycler.timeout_s):
        raise doubt or NotConfirmed(f"the tester said yes, and channel {channel} does not show {test_name!r}")


async def _shows(cycler: AsyncCycler, channel: int, test_name: str) -> bool:
    if await _state(cycler, channel) in _NO_TEST:
        return False
    return (await cycler.read_test_info(channel, line=Line.COMMANDS)).test_name == test_name


async def is_available(cycler: AsyncCycler, channel: int) -> bool:
    """Whether a channel has no test. MacNet (4, 7)"""
    return await _state(cycler, channel) == ChannelState.AVAILABLE


async def _state(cycler: AsyncCycler, channel: int) -> int:
    return (await cycler.read_status(channel, line=Line.COMMANDS)).state
