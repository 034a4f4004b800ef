"""What a tester finds wrong with a procedure, MacNet (6, 12), reaches whoever wanted to start it."""

from __future__ import annotations

from datetime import datetime

import pytest

from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.simulator import Fault
from macnet_bridge.simulator.machine.files import StoredFile
from tests.commands.lab import Lab, lab
from tests.simulator.procedure.xml_text import procedure, step

ARGS = {"procedure": "odd", "c_rate_ah": 1.0, "test_name": "x"}
REFUSED = "MacNet (6, 11) check_test_start: the procedure does not compile"


def keep(it: Lab, *steps: str) -> None:
    """Give the tester the procedure `odd`."""
    file = StoredFile("odd.000", procedure(*steps), datetime(2026, 1, 1))  # noqa: DTZ001  MacNet has no zones
    it.simulated.tester.files.write(FileType.PROCEDURE, file)


@pytest.mark.parametrize(("verb", "status"), [("start_test", "rejected"), ("check_start", "failed")])
async def test_a_refusal_says_what_is_wrong(verb: str, status: str) -> None:
    async with lab() as it:
        keep(it, step("Chg Func"), step("Pause"), step("End"))
        answer = await it.ask(verb, ARGS)
        assert (answer["status"], answer["error"]["code"]) == (status, "PROCEDURE_DOES_NOT_COMPILE")
        assert answer["error"]["message"] == (
            f"{REFUSED}: step 1: step type 'Chg Func' is not simulated; "
            "step 2: step type 'Pause' is not simulated"
        )
        assert answer["error"]["macnet"] == {"fclass": 6, "fnum": 11, "result": 7}
        assert not it.simulated.received.of(6, 2)


async def test_only_some_of_many_texts_are_asked_for() -> None:
    async with lab() as it:
        keep(it, *[step("Pause")] * 50, step("End"))
        await it.ask("start_test", ARGS)
        assert len(it.simulated.received.of(6, 12)) == 10


async def test_without_the_binary_port_the_refusal_stands_alone() -> None:
    async with lab() as it:
        keep(it, step("Pause"), step("End"))
        it.simulated.faults.add(Fault("reset", on=(6, 12)))
        answer = await it.ask("start_test", ARGS)
        assert answer["error"]["message"] == REFUSED
