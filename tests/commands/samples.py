"""One call of every verb that succeeds. The tests that go over all verbs fail for one without a sample.

Each brings what the simulated tester needs before, and the MacNet functions that it must be asked.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from macnet_bridge.commands.smart_battery import verb_name
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from macnet_bridge.simulator.answers import commands
from macnet_bridge.topics import Scope
from tests.commands import samples_smart_battery as smart_battery

BEHAVIOUR = Behaviour(starting_second=0.0, direct_ready_second=0.0, smart_batteries=True)
"""Of the simulated tester that the samples are for."""

Prepare = Callable[[SimulatedCycler, int], None]


def nothing(simulated: SimulatedCycler, channel: int) -> None:
    """The channel is free, and that is right."""


def running(simulated: SimulatedCycler, channel: int) -> None:
    """A test runs on the channel."""
    start = StartTest(test_name=f"before-{channel}", procedure="Cycle_1C", c_rate_ah=2.5)
    outcome = commands.start_test(simulated.tester, simulated.channel(channel), start, now=simulated.clock())
    assert outcome.result == 0
    assert simulated.channel(channel).state is ChannelState.ACTIVE


def suspended(simulated: SimulatedCycler, channel: int) -> None:
    """A test on the channel was suspended."""
    running(simulated, channel)
    assert simulated.channel(channel).suspend()


@dataclass(frozen=True)
class Sample:
    """Attributes:
    asks: numbers of the MacNet functions that the tester is asked, perhaps besides others.
    prepare: called with the tester and the channel before the command.
    needs_direct: whether the channel has to be under direct control, by a command that gives a lease.
    """

    asks: tuple[tuple[int, int], ...]
    args: Mapping[str, Any] | None = None
    prepare: Prepare = nothing
    needs_direct: bool = False

    def arguments(self, lease: str | None) -> dict[str, Any] | None:
        """Those of the command, with the lease where it takes one."""
        args = None if self.args is None else dict(self.args)
        return args if args is None or "lease" not in args else args | {"lease": lease}


DIRECT = {"valid_for_s": 60}
START = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
_CHANNEL, _CYCLER = Scope.CHANNEL, Scope.CYCLER

SAMPLES: dict[tuple[Scope, str], Sample] = {
    (_CHANNEL, "start_test"): Sample(((6, 10), (6, 11), (6, 2), (4, 7), (4, 6)), START),
    (_CHANNEL, "advanced_start"): Sample(
        ((6, 10), (6, 11), (6, 13), (4, 7), (4, 6)), START | {"cycle_count": 3}
    ),
    (_CHANNEL, "check_start"): Sample(((6, 11),), START),
    (_CHANNEL, "suspend"): Sample(((6, 3), (4, 7)), prepare=running),
    (_CHANNEL, "resume"): Sample(((6, 4), (4, 7)), prepare=suspended),
    (_CHANNEL, "reset"): Sample(((6, 5), (4, 7)), prepare=suspended),
    (_CHANNEL, "archive"): Sample(((6, 6), (4, 7)), prepare=suspended),
    (_CHANNEL, "set_variable"): Sample(((6, 9), (4, 8)), {"variable": 3, "value": 1.5}),
    (_CHANNEL, "set_safety_limits"): Sample(((6, 10),), {"safety": {"charge_max_ampere": 1.0}}),
    (_CHANNEL, "start_direct"): Sample(((6, 10), (6, 7), (4, 7), (4, 6)), DIRECT),
    (_CHANNEL, "set_output"): Sample(
        ((6, 8),), {"lease": "", "n": 1, "current_ampere": -1.5}, needs_direct=True
    ),
    (_CHANNEL, "rest"): Sample(((6, 8), (4, 7)), needs_direct=True),
    (_CHANNEL, "stop_direct"): Sample(((6, 8), (6, 3), (4, 7)), needs_direct=True),
    (_CHANNEL, "read_status"): Sample(((4, 7),)),
    (_CHANNEL, "read_aux"): Sample(((4, 4), (4, 5))),
    (_CHANNEL, "read_variables"): Sample(((4, 8),)),
    (_CHANNEL, "read_test_info"): Sample(((4, 6),)),
    (_CHANNEL, "read_specification"): Sample(((3, 1),)),
    (_CHANNEL, "read_end_status"): Sample(((4, 10),)),
    (_CHANNEL, "read_calibration"): Sample(((3, 2),)),
    (_CHANNEL, "macnet"): Sample(((4, 11),), {"fclass": 4, "fnum": 11}),
    (_CYCLER, "ping"): Sample(((0, 0),)),
    (_CYCLER, "read_system_info"): Sample(((1, 1),)),
    (_CYCLER, "read_general_info"): Sample(((1, 2),)),
    (_CYCLER, "macnet"): Sample(((1, 1),), {"fclass": 1, "fnum": 1, "params": {}}),
    (_CYCLER, "procedure_exists"): Sample(((1, 3),), {"name": "CCCV_1C"}),
    (_CYCLER, "test_name_exists"): Sample(((1, 4),), {"name": "no-such"}),
    (_CYCLER, "set_global_flags"): Sample(((5, 1), (4, 8)), {"flags": 5}),
    (_CYCLER, "list_files"): Sample(((1, 5),), {"type": "active"}),
    (_CYCLER, "get_file"): Sample(((1, 7),), {"type": "system_events", "name": "SysEvent.log"}),
    (_CYCLER, "put_file"): Sample(
        ((1, 6), (1, 7)),
        {
            "type": "procedure",
            "name": "sent.000",
            "data_base64": base64.b64encode(bytes(1000)).decode(),
        },
    ),
    (Scope.BRIDGE, "ping"): Sample(()),
    (Scope.BRIDGE, "query"): Sample((), {"id": "never-given"}),
    (Scope.BRIDGE, "cancel"): Sample((), {"id": "none-like-it"}),
    (Scope.BRIDGE, "set_log_level"): Sample((), {"level": "debug"}),
    (Scope.ALL, "suspend"): Sample(((4, 1), (6, 3)), prepare=running),
    (_CHANNEL, "lock"): Sample((), {"reason": "the cell swells"}),
    (_CHANNEL, "unlock"): Sample(()),
} | {
    (_CHANNEL, verb_name(row)): Sample((row.number,), smart_battery.SAMPLES[verb_name(row)])
    for row in FUNCTIONS.values()
    if row.fclass == 7
}
