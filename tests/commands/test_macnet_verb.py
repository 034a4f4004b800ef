"""`macnet`: every function that reads, none that changes, with MacNet's own names."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.commands.permission import Permission
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.simulator import Transport
from tests.commands.lab import START, lab
from tests.commands.samples import BEHAVIOUR

PARAMS: dict[tuple[int, int], dict[str, Any]] = {
    (1, 3): {"ProcName": "CCCV_1C"},
    (1, 4): {"TestName": "x"},
    (1, 5): {"FileType": 3, "Command": 0},
    (4, 1): {"Len": 2},
    (4, 2): {"Len": 2},
    (4, 3): {"Len": 2},
    (4, 9): {"Len": 2},
    (6, 11): {"TestName": "x", "ProcName": "CCCV_1C"},
    (7, 4): {"SMBRegAddr": 9},
    (7, 20): {"Index": 0},
}
TRANSFERS = (f.GET_FILE, f.SEND_FILE)
READS = [row for row in f.FUNCTIONS.values() if row.effect is f.Effect.READS and row not in TRANSFERS]
CHANGES = [row for row in f.FUNCTIONS.values() if row.effect is f.Effect.CHANGES]


def channel_of(row: f.Function[Any, Any]) -> int | None:
    return None if row.target is f.Target.SYSTEM else 2


def args(row: f.Function[Any, Any], **more: Any) -> dict[str, Any]:
    return {"fclass": row.fclass, "fnum": row.fnum, "params": PARAMS.get(row.number, {}) | more}


@pytest.mark.parametrize("row", READS, ids=str)
async def test_every_function_that_reads(row: f.Function[Any, Any]) -> None:
    async with lab(behaviour=BEHAVIOUR, permission=Permission()) as it:
        answer = await it.ask("macnet", args(row), channel=channel_of(row))
        assert answer["status"] == "done", answer
        *before, record = it.simulated.received
        assert record.number == row.number
        # A binary port is asked first whose it is.
        assert [greeting.number for greeting in before] == ([] if row.json else [(1, 2)])
        assert record.channel == (channel_of(row) or 1)
        assert record.transport is (Transport.JSON if row.json else Transport.BINARY_TCP)


async def test_the_names_are_those_of_macnet() -> None:
    async with lab() as it:
        it.simulated.tester.global_flags = 32
        result = (await it.ask("macnet", args(f.FLAGS_AND_VARIABLES)))["result"]
        assert result == {"GlobFlags": "0x00000020", "VARs": [0.0] * 15}
        result = (await it.ask("macnet", args(f.SYSTEM_INFO), channel=None))["result"]
        assert result["TestChannels"] == 4
        assert "ChannelNumberOffset" not in result, "JSON does not have it"
        await it.ask("start_test", START | {"test_name": "a", "comment": "why"})
        result = (await it.ask("macnet", args(f.TEST_INFO_EXTENDED)))["result"]
        assert (result["TestName"], result["ProcName"]) == ("a", "CCCV_1C")
        assert result["Comment"].startswith("why #")


@pytest.mark.parametrize("row", CHANGES, ids=str)
async def test_no_function_that_changes(row: f.Function[Any, Any]) -> None:
    async with lab(behaviour=BEHAVIOUR) as it:
        for channel in (None, 2):
            answer = await it.ask("macnet", {"fclass": row.fclass, "fnum": row.fnum}, channel=channel)
            assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
            assert str(row) in answer["error"]["message"]
        assert not it.simulated.received


@pytest.mark.parametrize(("number", "verb"), [((1, 6), "put_file"), ((1, 7), "get_file")])
async def test_transfers_have_verbs_of_their_own(number: tuple[int, int], verb: str) -> None:
    async with lab() as it:
        answer = await it.ask("macnet", {"fclass": number[0], "fnum": number[1]}, channel=None)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert f"use {verb}" in answer["error"]["message"]


@pytest.mark.parametrize("row", READS, ids=str)
async def test_each_function_on_its_own_topic(row: f.Function[Any, Any]) -> None:
    elsewhere = 2 if channel_of(row) is None else None
    async with lab() as it:
        answer = await it.ask("macnet", args(row), channel=elsewhere)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert "publish to" in answer["error"]["message"]
        assert not it.simulated.received


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"fclass": 4}, "fnum"),
        ({"fnum": 7}, "fclass"),
        ({"fclass": 4, "fnum": 99}, "fnum"),
        ({"fclass": 2, "fnum": 1}, "fnum"),
        ({"fclass": 0, "fnum": 1}, "fnum"),
        ({"fclass": -4, "fnum": 7}, "fclass"),
        ({"fclass": "4", "fnum": 7}, "fclass"),
        ({"fclass": 4, "fnum": 7, "params": []}, "params"),
        ({"fclass": 4, "fnum": 7, "params": {"Chan": 3}}, "params.Chan"),
        ({"fclass": 4, "fnum": 7, "params": {"FClass": 6}}, "params.FClass"),
        ({"fclass": 4, "fnum": 7, "params": {"FNum": 2}}, "params.FNum"),
        ({"fclass": 4, "fnum": 7, "params": {"x": 1}}, "params.x"),
        ({"fclass": 4, "fnum": 1}, "params.Len"),
        ({"fclass": 4, "fnum": 1, "params": {"Len": 0}}, "params.Len"),
        ({"fclass": 4, "fnum": 1, "params": {"Len": 129}}, "params.Len"),
        ({"fclass": 4, "fnum": 1, "params": {"Len": 4}}, "params.Len"),
        ({"fclass": 4, "fnum": 1, "params": {"len": 2}}, "params.len"),
        ({"fclass": 4, "fnum": 1, "params": {"Len": "2"}}, "params.Len"),
        ({"fclass": 7, "fnum": 5, "params": {"Len": 1}}, "params.Len"),
        ({"fclass": 6, "fnum": 11, "params": {"TestName": "\u00e4", "ProcName": "x"}}, "params.TestName"),
    ],
)
async def test_what_is_refused_before_it_is_sent(given: dict[str, Any], field: str) -> None:
    async with lab() as it:
        answer = await it.ask("macnet", given, channel=2)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert answer["error"]["field"] == f"args.{field}"
        assert not it.simulated.received


async def test_only_channels_that_are_served() -> None:
    async with lab(served=frozenset({1, 2, 4})) as it:
        assert (await it.ask("macnet", args(f.VOLTAGES), channel=1))["status"] == "done"
        answer = await it.ask("macnet", args(f.VOLTAGES), channel=2)
        assert answer["error"]["field"] == "args.params.Len"
        assert "2 to 3" in answer["error"]["message"]
        assert it.asked(4, 2) == 1


async def test_what_the_tester_says_no_to() -> None:
    async with lab(missing={(4, 10)}) as it:
        answer = await it.ask("macnet", args(f.END_STATUS), channel=1)
        assert (answer["status"], answer["error"]["code"]) == ("failed", "INVALID_FUNCTION")
        assert answer["error"]["macnet"]["fnum"] == 10
