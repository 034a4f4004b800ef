"""`CyclerInterface`: a tester as a whole, for callers that block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macnet_bridge.macnet.cycler import AsyncCycler
from macnet_bridge.macnet.interface.base import TesterInterface
from macnet_bridge.macnet.interface.config import CyclerConfig, checked
from macnet_bridge.macnet.interface.control import CyclerControl


class CyclerInterface(TesterInterface[CyclerControl]):
    """Reads what concerns no single channel, with pymacnet's configuration and method names.

    with CyclerInterface({"server_ip": "10.0.0.17"}) as cycler:
        print(cycler.read_all_channel_statuses())
    """

    def __init__(
        self, config: Mapping[str, Any], *, timeout_s: float = 5.0, constant_id: bool = False
    ) -> None:
        """
        Args:
            config: `server_ip`, and `json_msg_port`, `bin_msg_port` where they are not MacNet's.
            timeout_s: how long a reply may take.
            constant_id: accept replies whose id is 1987 whatever was asked.

        Raises:
            ConfigError: the dictionary lacks a key, or a value is impossible.
        """
        known = checked(config, CyclerConfig)

        def make() -> CyclerControl:
            return CyclerControl(AsyncCycler(known.address, timeout_s=timeout_s, constant_id=constant_id))

        super().__init__(known, make)

    def read_channel_status(self, channel: int) -> dict[str, Any]:
        """State and readings of a channel, from 1. MacNet (4, 7)

        Returns:
            dict with `FClass`, `FNum`, `Chan` (from 1), `RF1`, `RF2`, `Stat`, `Voltage` in V, ...

        Raises:
            InvalidRequest: the tester has no such channel.
        """
        return self._status(channel)
