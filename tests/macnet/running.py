"""A simulated cycler in a thread of its own, for tests that block."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet import MaccorInterface
from macnet_bridge.simulator import Behaviour, Received, Transport
from macnet_bridge.simulator.threaded import ThreadedCycler

AT_ONCE = Behaviour(starting_second=0.0, direct_ready_second=0.0)
CHANNEL = 5

__all__ = ["AT_ONCE", "CHANNEL", "RunningCycler", "Transport"]


class RunningCycler(ThreadedCycler):
    """A simulated cycler that runs while it is entered, and is ready at once."""

    def __init__(self, channels: int = 8, **options: Any) -> None:
        super().__init__(channels, **{"behaviour": AT_ONCE, **options})

    def wait_for_function(self, *number: int) -> Received:
        """The first request of a function, when it has come."""
        return self.wait_for(lambda record: record.number == number, 20.0)

    def config(self, **changed: Any) -> dict[str, Any]:
        """A configuration as pymacnet's users have it; None leaves a key out."""
        keys = {
            "server_ip": self.cycler.host,
            "json_msg_port": self.cycler.json_port,
            "bin_msg_port": self.cycler.tcp_port,
            "msg_buffer_size_bytes": 1024,
            "channel": CHANNEL,
            "test_name": "",
            "test_procedure": "CCCV_1C",
            "c_rate_ah": 2.5,
            "v_max_v": 4.2,
            "v_min_v": 3.0,
            "v_max_safety_limit_v": 4.25,
            "v_min_safety_limit_v": 2.9,
            "i_max_safety_limit_a": 3.0,
            "i_min_safety_limit_a": 2.0,
            "power_safety_limit_chg_w": 25,
            "power_safety_limit_dsg_w": 20,
            "data_record_time_s": 0.05,
            "data_record_voltage_delta_vbys": 0.0,
            "data_record_current_delta_abys": 0.0,
        } | changed
        return {key: value for key, value in keys.items() if value is not None}

    def channel(self, timeout_s: float = 5.0, **changed: Any) -> MaccorInterface:
        """An interface to `CHANNEL`, or the channel of `changed`."""
        return MaccorInterface(self.config(**changed), timeout_s=timeout_s)

    def functions(self) -> list[tuple[int, int] | None]:
        """The functions that were asked for, in order."""
        return [record.number for record in self.received]
