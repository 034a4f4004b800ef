"""Where leases meet stops, restarts and commands for several channels."""

from __future__ import annotations

import asyncio

from macnet_bridge.commands.job import CyclerRules
from tests.commands.lab import LIMITS, lab
from tests.commands.test_direct import READY, error, output, outputs, started

WATCHED = CyclerRules(5.0, limits=LIMITS, direct_watchdog_s=0.6)


async def test_a_rest_that_overtook_a_setpoint_is_what_the_watchdog_is_fed_with() -> None:
    async with lab(behaviour=READY, cycler_rules=WATCHED) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        waiting = it.tell("set_output", output(lease, 2, 2.0))
        await asyncio.sleep(0.02)  # it waits for the interval now
        stop = it.tell("rest")
        assert error(await it.final(waiting)) == ("superseded", "STOPPED")
        assert (await it.final(stop))["status"] == "done"
        seen = len(outputs(it))
        await it.until(lambda: it.asked(6, 8) >= seen + 2)
        assert set(outputs(it)[seen:]) == {("R", 0.0)}
