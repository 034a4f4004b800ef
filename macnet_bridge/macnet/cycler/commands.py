"""Functions that command channels: MacNet class 6."""

from __future__ import annotations

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler.calls import Calls
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelMode

_SAFETY_TOLERANCE = 1e-3
_SAFETY_TOLERANCE_RELATIVE = 1e-6


class CommandCalls(Calls):
    """What channels are told to do."""

    async def start_test(
        self, channel: int, request: m.StartTest, before_send: BeforeSend | None = None
    ) -> None:
        """Start a test. Never repeat it after OutcomeUnknown: read the state. MacNet (6, 2)"""
        await self.call(f.START_TEST, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def advanced_start(
        self, channel: int, request: m.AdvancedStart, before_send: BeforeSend | None = None
    ) -> None:
        """Start in the middle of a procedure, or go on with an archived test. MacNet (6, 13)

        Deselects all other channels. Never repeat it after OutcomeUnknown: read the state.
        """
        await self.call(f.ADVANCED_START, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def start_selected(self, request: m.StartTest, before_send: BeforeSend | None = None) -> None:
        """Start a test on every selected channel, whoever selected it. MacNet (6, 2)

        Never repeat it after OutcomeUnknown: read the states.
        """
        await self.call(f.START_SELECTED, 1, request, line=Line.COMMANDS, before_send=before_send)

    async def suspend(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Suspend a running test; goes by a connection of its own. MacNet (6, 3)"""
        await self.call(f.SUSPEND, channel, m.Empty(), line=Line.STOPS, before_send=before_send)

    async def resume(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Resume a suspended test. MacNet (6, 4)"""
        await self.call(f.RESUME, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def reset(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Free a channel; stops a running test. MacNet (6, 5)"""
        await self.call(f.RESET, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def archive(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Free a channel whose test is over or suspended, and archive its data. MacNet (6, 6)"""
        await self.call(f.ARCHIVE, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def set_variable(
        self, channel: int, variable: int, value: float, before_send: BeforeSend | None = None
    ) -> None:
        """Set VAR1 to VAR15 of a channel. MacNet (6, 9)"""
        request = m.SetVariable(variable=variable, value=value)
        await self.call(f.SET_VARIABLE, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def set_safety_limits(
        self, channel: int, limits: m.SafetyLimits, before_send: BeforeSend | None = None
    ) -> m.SafetyLimits:
        """Set the safety limits of a channel and return them as the tester took them. MacNet (6, 10)

        The caller compares, see `same_limits`.

        Raises:
            InvalidRequest: a limit of current or power that is no magnitude.
        """
        _refuse_signs(limits)
        return await self.call(
            f.SET_SAFETY_LIMITS, channel, limits, line=Line.COMMANDS, before_send=before_send
        )

    async def start_direct(
        self, channel: int, request: m.StartDirect, before_send: BeforeSend | None = None
    ) -> None:
        """Start direct control of a channel. MacNet (6, 7)

        Raises:
            InvalidRequest: mode R, which real testers do not take by JSON; start with C and 0 A.
        """
        _refuse_rest(request)
        await self.call(f.START_DIRECT, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def set_output(
        self, channel: int, output: m.DirectOutput, before_send: BeforeSend | None = None
    ) -> None:
        """Set current, voltage, power and resistance in direct mode. MacNet (6, 8)

        For zero current use `rest`.

        Raises:
            InvalidRequest: mode R, which real testers do not take by JSON.
        """
        _refuse_rest(output)
        await self.call(f.SET_OUTPUT, channel, output, line=Line.COMMANDS, before_send=before_send)

    async def rest(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Switch the output of a channel in direct mode off. Binary MacNet (6, 8), mode R

        Raises:
            TesterRefused: with the result code, such as 4, direct mode is not active.
        """
        self._check_channel(channel)
        with self.traffic.command():
            await self._lines.rest.call(f.SET_OUTPUT, channel, m.REST, self.timeout_s, before_send)

    async def ping_rest(self, channel: int = 1) -> None:
        """Open the connection that `rest` takes, and see it answered. Binary MacNet (0, 0)"""
        await self._lines.rest.call(f.ECHO, channel, m.Empty(), self.timeout_s)


def _refuse_rest(output: m.DirectOutput | m.StartDirect) -> None:
    if output.mode == chr(ChannelMode.REST):
        raise InvalidRequest("testers do not take rest by JSON; use rest()", "mode")


def _refuse_signs(limits: m.SafetyLimits) -> None:
    """A discharge limit is a magnitude, and no tester is known to say what a sign would mean."""
    for name in limits.__struct_fields__:
        if not name.startswith("voltage") and getattr(limits, name) < 0:
            raise InvalidRequest("limits of current and power are magnitudes", name)


def same_limits(wanted: m.SafetyLimits, taken: m.SafetyLimits) -> bool:
    """Whether a tester took the limits that it was sent, up to the rounding of its singles."""
    return all(
        abs(getattr(wanted, name) - getattr(taken, name))
        <= max(_SAFETY_TOLERANCE, _SAFETY_TOLERANCE_RELATIVE * abs(getattr(wanted, name)))
        for name in wanted.__struct_fields__
    )
