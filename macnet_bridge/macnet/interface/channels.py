"""`MaccorInterface`: one channel of a tester, for callers that block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macnet_bridge.macnet.cycler import AsyncCycler, Line
from macnet_bridge.macnet.cycler.pacing import OutputPacing
from macnet_bridge.macnet.interface.base import TesterInterface
from macnet_bridge.macnet.interface.config import ChannelConfig, checked
from macnet_bridge.macnet.interface.control import ChannelControl
from macnet_bridge.macnet.interface.setpoints import NO_VOLTAGE_V, setpoint


class MaccorInterface(TesterInterface[ChannelControl]):
    """Reads and commands one channel, with pymacnet's configuration and method names.

    with MaccorInterface(config) as channel:
        channel.start_test_with_procedure()

    What succeeds returns what pymacnet returns. What does not raises, in place of None and
    False. Channels count from 1 everywhere.
    """

    def __init__(
        self, config: Mapping[str, Any], *, timeout_s: float = 5.0, constant_id: bool = False
    ) -> None:
        """
        Args:
            config: pymacnet's dictionary; a key that is missing or wrong is named. Connects to nothing yet.
            timeout_s: how long a reply may take, and how long to wait until the tester shows
                what it was told.
            constant_id: accept replies whose id is 1987 whatever was asked.

        Raises:
            ConfigError: the dictionary lacks a key, or a value is impossible.
        """
        known = self._config = checked(config, ChannelConfig)
        # Outlives the connection: the tester counts the time between outputs all the same.
        pacing = OutputPacing()

        def make() -> ChannelControl:
            cycler = AsyncCycler(known.address, timeout_s=timeout_s, constant_id=constant_id)
            return ChannelControl(cycler, known, pacing)

        super().__init__(known, make)

    def get_channel_number(self) -> int:
        """The configured channel, from 1."""
        return self._config.channel

    def read_channel_status(self) -> dict[str, Any]:
        """State and readings of the channel. MacNet (4, 7)

        Returns:
            dict with `FClass`, `FNum`, `Chan` (from 1), `RF1`, `RF2`, `Stat`, `Voltage` in V, ...
        """
        return self._status(self._config.channel)

    def read_status(self) -> dict[str, Any]:
        """What pymacnet 0.0.x called `read_channel_status`. MacNet (4, 7)"""
        return self.read_channel_status()

    def read_aux(self) -> list[float]:
        """Values of the channel's auxiliary inputs. MacNet (4, 4)"""
        return self._ask(lambda cycler: cycler.read_aux(self._config.channel, line=Line.COMMANDS)).values

    def reset_channel(self) -> bool:
        """Free the channel; a test that runs there is stopped. MacNet (6, 5), read back by (4, 7)

        Returns:
            True. Everything else is raised.
        """
        self._session.call(lambda control: control.reset())
        return True

    def set_channel_variable(self, var_num: int = 1, var_value: float = 0) -> bool:
        """Set VAR1 to VAR15 of the channel. MacNet (6, 9)

        Returns:
            True. Everything else is raised.

        Raises:
            InvalidRequest: no such variable, or no number.
        """
        self._session.call(lambda control: control.set_variable(var_num, var_value))
        return True

    def start_test_with_procedure(self) -> bool:
        """Start the configured procedure, once. MacNet (6, 10), (6, 11), (6, 2), read back by (4, 7), (4, 6)

        Resets the channel first when its test is completed.

        Returns:
            True. Everything else is raised.

        Raises:
            Rejected: `CHANNEL_BUSY`, or `SAFETY_MISMATCH` when the tester took other limits.
            TesterRefused: with the tester's code, such as `NAME_NOT_UNIQUE`.
            OutcomeUnknown: it was sent, and the tester does not show it. Look before you start again.
        """
        self._session.call(lambda control: control.start_test())
        return True

    def start_test_with_direct_control(self) -> bool:
        """Start direct control with zero amperes, once. MacNet (6, 10), (6, 7), read back by (4, 7), (4, 6)

        Returns, raises: as `start_test_with_procedure`.
        """
        self._session.call(lambda control: control.start_direct())
        return True

    def set_direct_mode_output(self, current_a: float, voltage_v: float = NO_VOLTAGE_V) -> bool:
        """Set the output of a channel in direct control. MacNet (6, 8); rest is read back by (4, 7)

        Waits until the last output is 150 ms old.

        Args:
            current_a: positive charges, negative discharges, zero rests.
            voltage_v: where a charge turns to constant voltage, by default `v_max_v`. A
                discharge ends at `v_min_v` whatever is given.

        Returns:
            True. Everything else is raised.

        Raises:
            InvalidRequest: no number; nothing was sent.
            Rejected: `OUT_OF_LIMITS`; nothing was sent.
            Superseded: another thread set a newer output before this one was sent.
            TesterRefused: with the tester's code, such as `NOT_IN_DIRECT_MODE`.
            OutcomeUnknown: it was sent, and nobody knows. Set the output again, or rest.
        """
        output = setpoint(self._config, current_a, voltage_v)
        self._session.call(lambda control: control.set_output(output))
        return True


ChannelInterface = MaccorInterface
"""The name since pymacnet 1.0."""
