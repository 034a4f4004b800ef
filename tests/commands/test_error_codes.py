"""Every code of an acknowledgement that this version can give is given here, by a real command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from macnet_bridge.commands.lane import MAX_WAITING
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.errors import COMMAND_CODES
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_CODES
from macnet_bridge.macnet.protocol.messages import Outcome, SafetyLimits
from macnet_bridge.simulator import Behaviour, Fault
from macnet_bridge.simulator.answers import device
from tests.commands.lab import SOON_S, START, Lab, lab

Patch = pytest.MonkeyPatch
Answer = dict[str, Any]
Provoke = Callable[[Lab, Patch], Awaitable[Answer]]

PROVOKED: dict[str, tuple[str, Provoke, dict[str, Any]]] = {}
"""By code: the status it comes with, what provokes it, and how the lab is to be made."""


def provokes(code: str, status: str = "rejected", **options: Any) -> Callable[[Provoke], Provoke]:
    def note(provoke: Provoke) -> Provoke:
        PROVOKED[code] = status, provoke, options
        return provoke

    return note


async def only(it: Lab) -> Answer:
    """The final acknowledgement of the one message that was taken."""
    return (await it.wait(lambda answer: answer["final"]))[0]


@provokes("BAD_JSON")
async def bad_json(it: Lab, patch: Patch) -> Answer:
    it.take("macnet/lab1/1/cmd/read_status", b"{")
    return await only(it)


@provokes("BAD_ARGS")
async def bad_args(it: Lab, patch: Patch) -> Answer:
    return await it.ask("set_variable", {"variable": 16, "value": 1})


@provokes("BAD_TOPIC")
async def bad_topic(it: Lab, patch: Patch) -> Answer:
    it.take("macnet/lab1/0/cmd/suspend")
    return await only(it)


@provokes("EXPECT_FAILED")
async def expect_failed(it: Lab, patch: Patch) -> Answer:
    return await it.ask("start_test", START, envelope={"expect": {"state": "completed"}})


@provokes("LOCKED")
async def locked(it: Lab, patch: Patch) -> Answer:
    await it.ask("lock", {"reason": "the cell swells"})
    return await it.ask("start_test", START)


@provokes("JOURNAL_UNAVAILABLE")
async def journal_unavailable(it: Lab, patch: Patch) -> Answer:
    it.journal.close()
    return await it.ask("start_test", START)


@provokes("NO_LEASE")
async def no_lease(it: Lab, patch: Patch) -> Answer:
    return await it.ask("set_output", {"lease": "none", "n": 1, "current_ampere": 1.0})


@provokes("UNKNOWN_VERB")
async def unknown_verb(it: Lab, patch: Patch) -> Answer:
    return await it.ask("explode")


@provokes("TOO_LARGE")
async def too_large(it: Lab, patch: Patch) -> Answer:
    return await it.ask("start_test", START | {"comment": "x" * 70_000})


@provokes("MISSING_ID")
async def missing_id(it: Lab, patch: Patch) -> Answer:
    it.take("macnet/lab1/1/cmd/start_test", msgspec.json.encode({"args": START}))
    return await only(it)


@provokes("ID_REUSED")
async def id_reused(it: Lab, patch: Patch) -> Answer:
    await it.ask("read_status", id="same")
    it.tell("read_aux", id="same")
    return (await it.wait(lambda answer: answer["command"] == "read_aux"))[0]


@provokes("NOT_ALLOWED", permission=Permission())
async def not_allowed(it: Lab, patch: Patch) -> Answer:
    return await it.ask("set_variable", {"variable": 1, "value": 1})


@provokes("RETAINED")
async def retained(it: Lab, patch: Patch) -> Answer:
    return await it.ask("suspend", retain=True)


@provokes("EXPIRED", "expired")
async def expired(it: Lab, patch: Patch) -> Answer:
    return await it.ask("suspend", envelope={"expires_at": 1000})


@provokes("NOT_SERVED")
async def not_served(it: Lab, patch: Patch) -> Answer:
    return await it.ask("suspend", channel=99)


@provokes("CHANNEL_BUSY")
async def channel_busy(it: Lab, patch: Patch) -> Answer:
    await it.ask("start_test", START)
    return await it.ask("start_test", START)


@provokes("STOPPED", "superseded", latency_ms=20)
async def stopped(it: Lab, patch: Patch) -> Answer:
    it.tell("read_status")
    name = it.tell("start_test", START)
    it.tell("suspend")
    return await it.final(name)


@provokes("CANCELLED")
async def cancelled(it: Lab, patch: Patch) -> Answer:
    await it.service.drain(1.0)
    return await it.ask("read_status")


@provokes("BUSY", latency_ms=20)
async def busy(it: Lab, patch: Patch) -> Answer:
    names = [it.tell("read_status") for _ in range(MAX_WAITING + 2)]
    return await it.final(names[-1])


@provokes("OUT_OF_LIMITS")
async def out_of_limits(it: Lab, patch: Patch) -> Answer:
    return await it.ask("set_safety_limits", {"safety": {"voltage_max_volt": 4.3}})


@provokes("NO_LIMITS", missing=[(3, 1)], cycler_rules=CyclerRules())
async def no_limits(it: Lab, patch: Patch) -> Answer:
    return await it.ask("set_safety_limits", {"safety": {}})


@provokes("SAFETY_MISMATCH")
async def safety_mismatch(it: Lab, patch: Patch) -> Answer:
    taken = SafetyLimits(
        voltage_max_volt=1,
        voltage_min_volt=0,
        charge_max_ampere=1,
        discharge_max_ampere=1,
        charge_max_watt=1,
        discharge_max_watt=1,
    )
    patch.setitem(device.SERVED, (6, 10), lambda *asked: taken)
    return await it.ask("start_test", START)


@provokes("NOT_CONFIRMED", "unknown", timeout_s=SOON_S)
async def not_confirmed(it: Lab, patch: Patch) -> Answer:
    patch.setitem(device.SERVED, (6, 9), lambda *asked: Outcome(result=0))
    return await it.ask("set_variable", {"variable": 1, "value": 77})


@provokes("TESTER_OFFLINE", away=True)
async def offline(it: Lab, patch: Patch) -> Answer:
    return await it.ask("suspend")


@provokes("NO_REPLY", "unknown", timeout_s=SOON_S)
async def no_reply(it: Lab, patch: Patch) -> Answer:
    it.simulated.faults.add(Fault("drop", on=(6, 9), carried_out=False))
    return await it.ask("set_variable", {"variable": 1, "value": 77})


@provokes("BAD_REPLY", "failed", timeout_s=SOON_S)
async def bad_reply(it: Lab, patch: Patch) -> Answer:
    it.simulated.faults.add(Fault("wrong-id", on=(4, 8)))
    return await it.ask("read_variables")


@provokes("INTERNAL", "unknown")
async def internal(it: Lab, patch: Patch) -> Answer:
    patch.setattr(it.tester, "sign", None)
    return await it.ask("read_status")


def test_every_code_is_provoked() -> None:
    assert set(PROVOKED) == set(COMMAND_CODES)


@pytest.mark.parametrize("code", PROVOKED)
async def test_a_code_of_the_bridge(code: str, monkeypatch: Patch) -> None:
    status, provoke, options = PROVOKED[code]
    async with lab(**options) as it:
        answer = await provoke(it, monkeypatch)
    assert (answer["status"], answer["error"]["code"]) == (status, code)
    assert answer["error"]["category"] == COMMAND_CODES[code]
    assert answer["error"]["message"]


BY_VERB = {
    (6, 2): ("start_test", START),
    (6, 7): ("start_direct", {}),
    (6, 11): ("check_start", START),
    (6, 13): ("advanced_start", START),
}
"""The verb whose deciding request is this function, and its arguments."""

RESULTS = [
    (number, result, code) for number in BY_VERB for result, (code, _) in FUNCTIONS[number].results.items()
]


@pytest.mark.parametrize(("number", "result", "code"), RESULTS)
async def test_a_result_of_the_tester(
    number: tuple[int, int], result: Any, code: str, monkeypatch: Patch
) -> None:
    async with lab() as it:
        monkeypatch.setitem(device.SERVED, number, lambda *asked: Outcome(result=result))
        answer = await it.ask(*BY_VERB[number])
    assert (answer["status"], answer["error"]["code"]) == ("failed", code)
    assert answer["error"]["category"] == "device"
    assert answer["error"]["macnet"] == {"fclass": number[0], "fnum": number[1], "result": result}


@pytest.mark.parametrize(("text", "code"), [*ERROR_CODES.items(), (BadRequest.MACNET_ERROR, "MACNET_ERROR")])
async def test_an_error_of_the_tester(text: str, code: str, monkeypatch: Patch) -> None:
    def refuse(*asked: object) -> None:
        raise BadRequest(text)

    async with lab() as it:
        monkeypatch.setitem(device.SERVED, (6, 9), refuse)
        answer = await it.ask("set_variable", {"variable": 1, "value": 2})
    assert (answer["status"], answer["error"]["code"]) == ("failed", code)
    assert answer["error"]["category"] == "device"


async def test_the_error_of_a_file() -> None:
    async with lab() as it:
        answer = await it.ask("get_file", {"type": "procedure", "name": "none.000"}, channel=None)
    assert (answer["status"], answer["error"]["code"]) == ("failed", "FILE_ERROR")


async def test_a_register_that_is_not_polled() -> None:
    async with lab(behaviour=Behaviour(starting_second=0.0, smart_batteries=True)) as it:
        answer = await it.ask("sb_read_register", {"smbregaddr": 99, "smbdevaddr": 22})
    assert (answer["status"], answer["error"]["code"]) == ("failed", "NOT_IN_SCAN_LIST")


def test_the_other_functions_with_results_are_looked_at_elsewhere() -> None:
    """Of outputs below, of a log-in in test_log_in."""
    without = {row.number for row in FUNCTIONS.values() if row.results} - BY_VERB.keys()
    assert without == {(6, 8), (8, 1), (8, 2)}


OUTPUT_RESULTS = [(result, code) for result, (code, _) in FUNCTIONS[6, 8].results.items()]
WAITED_FOR = ("SENT_TOO_SOON", "DIRECT_MODE_NOT_READY")
"""After these an output is sent again, for as long as it is wanted."""


@pytest.mark.parametrize(("result", "code"), [each for each in OUTPUT_RESULTS if each[1] not in WAITED_FOR])
async def test_a_result_of_an_output(result: Any, code: str, monkeypatch: Patch) -> None:
    async with lab(behaviour=Behaviour(starting_second=0.0, direct_ready_second=0.0), timeout_s=SOON_S) as it:
        lease = (await it.ask("start_direct"))["result"]["lease"]
        monkeypatch.setitem(device.SERVED, (6, 8), lambda *asked: Outcome(result=result))
        answer = await it.ask("set_output", {"lease": lease, "n": 1, "current_ampere": 1.0})
        monkeypatch.undo()
    assert (answer["status"], answer["error"]["code"]) == ("failed", code)
