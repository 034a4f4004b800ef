"""The smart battery verbs: made from the table of functions, and carried out by a simulated tester."""

from __future__ import annotations

import inspect
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest
from msgspec import structs

from macnet_bridge.commands import smart_battery
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.commands.smart_battery import AVAILABLE_ONLY, verb_name
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet import AsyncCycler
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour
from macnet_bridge.simulator.answers import device
from macnet_bridge.simulator.machine.smart_battery import SmartBattery
from macnet_bridge.topics import Scope
from tests.commands.lab import START, Lab, lab
from tests.commands.samples_smart_battery import ENTRY, READ, SAMPLES, SETUP
from tests.commands.test_verbs import BRIEF, error

ROWS = {verb_name(row): row for row in f.FUNCTIONS.values() if row.fclass == 7}
READS = [name for name, row in ROWS.items() if row.effect is f.Effect.READS]
CHANGES = [name for name in ROWS if name not in READS]
SHOWN = ["sb_set_position_setup", "sb_write_scan_entry", "sb_clear_scan_list"]
"""Those whose effect can be read."""


def batteries(**options: Any) -> AbstractAsyncContextManager[Lab]:
    """A lab with a smart battery on every channel."""
    return lab(behaviour=Behaviour(starting_second=0.0, smart_batteries=True), **options)


def battery(it: Lab, channel: int = 1) -> SmartBattery:
    return it.simulated.tester.batteries[channel - 1]


# --- the table


def test_every_row_is_a_verb() -> None:
    assert len(ROWS) == len(smart_battery.VERBS) == 20
    for name, row in ROWS.items():
        verb = VERBS[Scope.CHANNEL, name]
        assert (verb.reads, verb.needs_id) == (name in READS, name in CHANGES)
        names = {info.encode_name.lower() for info in structs.fields(row.request)}
        expected = names - {only.lower() for only in row.binary_only}
        assert set(verb.arguments.__struct_fields__) == expected
    assert set(SAMPLES) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_verb_has_the_name_of_its_method(name: str) -> None:
    method = getattr(AsyncCycler, name)
    assert f"({ROWS[name].fclass}, {ROWS[name].fnum})" in (inspect.getdoc(method) or "")


def test_defaults_and_bounds_are_those_of_the_row() -> None:
    for name, row in ROWS.items():
        args = {info.name: info for info in structs.fields(VERBS[Scope.CHANNEL, name].arguments)}
        for info in structs.fields(row.request):
            if info.encode_name not in row.binary_only:
                made = args[info.encode_name.lower()]
                assert (made.type, made.default, made.required) == (info.type, info.default, info.required)


# --- every verb


@pytest.mark.parametrize("name", ROWS)
async def test_a_verb_is_one_request_of_its_row(name: str) -> None:
    async with batteries() as it:
        answer = await it.ask(name, SAMPLES[name], channel=3)
        assert answer["status"] == "done"
        assert answer["verified"] == ("read_back" if name in SHOWN else "reply")
        (record,) = it.simulated.received.of(*ROWS[name].number, 3)
        assert it.asked(*ROWS[name].number) == 1
    sent = {key.lower(): value for key, value in msgspec.to_builtins(record.body).items()}
    assert sent.items() >= SAMPLES[name].items()


@pytest.mark.parametrize("name", READS)
async def test_a_reply_has_macnets_names_in_lower_case(name: str) -> None:
    async with batteries() as it:
        result = (await it.ask(name, SAMPLES[name]))["result"]
        row = ROWS[name]
        names = {info.encode_name.lower() for info in structs.fields(row.reply)}
        assert set(result) - {"words", "name", "value"} <= names
        assert result


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_needs_an_id_and_a_rule(name: str) -> None:
    payload = msgspec.json.encode({"args": SAMPLES[name]})
    async with batteries() as it:
        it.take(f"macnet/lab1/1/cmd/{name}", payload)
        (answer,) = await it.wait(lambda answer: answer["final"])
        assert error(answer) == ("rejected", "MISSING_ID")
        assert it.asked(*ROWS[name].number) == 0
    async with batteries(permission=Permission()) as it:
        assert error(await it.ask(name, SAMPLES[name])) == ("rejected", "NOT_ALLOWED")


@pytest.mark.parametrize("name", READS)
async def test_a_read_needs_neither(name: str) -> None:
    async with batteries(permission=Permission()) as it:
        it.take(f"macnet/lab1/1/cmd/{name}", msgspec.json.encode({"args": SAMPLES[name]}))
        (answer,) = await it.wait(lambda answer: answer["final"])
        assert answer["status"] == "done"


@pytest.mark.parametrize("name", CHANGES)
async def test_a_running_channel(name: str) -> None:
    async with batteries() as it:
        await it.ask("start_test", START)
        answer = await it.ask(name, SAMPLES[name])
        if ROWS[name] in AVAILABLE_ONLY:
            assert error(answer) == ("rejected", "CHANNEL_BUSY")
            assert answer["error"]["retryable"] is True
            assert it.asked(*ROWS[name].number) == 0
        else:
            assert answer["status"] == "done"


@pytest.mark.parametrize("state", [state for state in ChannelState if state is not ChannelState.AVAILABLE])
async def test_a_channel_that_is_not_available(state: ChannelState) -> None:
    async with batteries() as it:
        it.simulated.tester.channel(1).state = state
        assert error(await it.ask("sb_save_scan_list")) == ("rejected", "CHANNEL_BUSY")


@pytest.mark.parametrize("name", ROWS)
async def test_a_tester_without_boards_and_one_that_is_away(name: str) -> None:
    async with lab() as it:
        answer = await it.ask(name, SAMPLES[name])
        assert error(answer) == ("failed", "MACNET_ERROR")
        number = {"fclass": 7, "fnum": ROWS[name].fnum}
        assert answer["error"]["macnet"].items() >= number.items()
    async with lab(away=True) as it:
        assert error(await it.ask(name, SAMPLES[name])) == ("rejected", "TESTER_OFFLINE")


# --- arguments


@pytest.mark.parametrize(
    ("name", "args", "field"),
    [
        ("sb_read_register", {"smbregaddr": 256}, "smbregaddr"),
        ("sb_read_register", {"smbregaddr": -1}, "smbregaddr"),
        ("sb_read_register", {"smbregaddr": 9.5}, "smbregaddr"),
        ("sb_read_register", {}, "smbregaddr"),
        ("sb_read_register", {"SMBRegAddr": 9}, "SMBRegAddr"),
        ("sb_read_register", {"smbregaddr": 9, "register": 9}, "register"),
        ("sb_scan_list", {"len": 1}, "len"),
        ("sb_raw_data", {"format": 3}, "format"),
        ("sb_write_register", {"regaddr": 1, "data": [1] * 61}, "data"),
        ("sb_write_register", {"regaddr": 1, "data": [1, 256]}, "data[1]"),
        ("sb_write_bytes", {**READ, "numofbytes": 2, "data": [1]}, "numofbytes"),
        ("sb_write_bytes", {**READ, "enddataaddr": 36, "numofbytes": 2, "data": [1, 2]}, "data"),
        ("sb_write_bytes", {**READ, "enddataaddr": 33, "data": [1, 2, 3, 4]}, "enddataaddr"),
        ("sb_request_read", {**READ, "enddataaddr": 33}, "enddataaddr"),
        ("sb_set_position_setup", SETUP | {"clockfreqdivisor": 65536}, "clockfreqdivisor"),
        ("sb_set_position_setup", SETUP | {"pctofmax": 1}, "pctofmax"),
        ("sb_write_scan_entry", ENTRY | {"designator": "x" * 26}, "designator"),
        ("sb_write_scan_entry", ENTRY | {"designator": "Spannung °"}, "designator"),
        ("sb_clear_scan_list", {"index": 0}, "index"),
    ],
)
async def test_wrong_arguments_are_named(name: str, args: dict[str, Any], field: str) -> None:
    async with batteries() as it:
        answer = await it.ask(name, args)
        assert error(answer) == ("rejected", "BAD_ARGS")
        assert answer["error"]["field"] == f"args.{field}"
        assert "matching regex" not in answer["error"]["message"]
        assert it.asked(*ROWS[name].number) == 0


async def test_bytes_to_several_addresses() -> None:
    args = {"startdataaddr": 64, "enddataaddr": 66, "numofbytes": 3, "data": [7, 8, 9]}
    async with batteries() as it:
        assert (await it.ask("sb_write_bytes", args))["status"] == "done"
        assert battery(it).written == {64: b"\x07", 65: b"\x08", 66: b"\x09"}


# --- one register


async def test_a_register_with_name_and_unit() -> None:
    async with batteries() as it:
        answer = await it.ask("sb_read_register", SAMPLES["sb_read_register"])
        volt = answer["result"]["value"]
        assert answer["result"] == {
            "smbdevaddr": 22,
            "smbregaddr": 9,
            "smbregvalue": round(1000 * volt),
            "name": "voltage_volt",
            "value": volt,
        }
        assert volt == round(it.simulated.channel(1).cell.voltage_volt, 3)
        short = await it.ask("sb_read_register", {"smbregaddr": 9})
        assert short["result"] == {
            key: value for key, value in answer["result"].items() if key != "smbdevaddr"
        }


@pytest.mark.parametrize("args", [{"smbregaddr": 99, "smbdevaddr": 22}, {"smbregaddr": 9, "smbdevaddr": 21}])
async def test_a_register_that_is_not_polled_has_no_value(args: dict[str, Any]) -> None:
    async with batteries() as it:
        answer = await it.ask("sb_read_register", args)
        assert error(answer) == ("failed", "NOT_IN_SCAN_LIST")
        assert answer["error"]["macnet"] == {"fclass": 7, "fnum": 4, "result": None}
        assert "result" not in answer


async def test_an_answer_for_another_register(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = m.RegisterValue(device_address=22, register=8, value=2981)
    monkeypatch.setitem(device.SERVED, (7, 4), lambda *asked: reply)
    async with batteries() as it:
        assert error(await it.ask("sb_read_register", {"smbregaddr": 9})) == ("failed", "BAD_REPLY")


@pytest.mark.parametrize("setup", [{"bus_type": 2}, {"device_address": 23}])
async def test_another_bus_or_device_has_a_number_only(setup: dict[str, int]) -> None:
    async with batteries() as it:
        battery(it).setup = structs.replace(battery(it).setup, **setup)
        result = (await it.ask("sb_read_register", {"smbregaddr": 9}))["result"]
        assert set(result) == {"smbregaddr", "smbregvalue"}


async def test_a_bus_that_the_tester_does_not_tell() -> None:
    async with batteries(missing={(7, 14)}) as it:
        answer = await it.ask("sb_read_register", SAMPLES["sb_read_register"])
        assert answer["status"] == "done"
        assert set(answer["result"]) == {"smbdevaddr", "smbregaddr", "smbregvalue"}


async def test_a_capacity_has_a_unit_when_the_mode_is_polled() -> None:
    args = {"smbregaddr": 0x0F, "smbdevaddr": 22}
    async with batteries() as it:
        result = (await it.ask("sb_read_register", args))["result"]
        assert (result["name"], result["value"]) == ("remaining_capacity", None)
        number = result["smbregvalue"]
        for mode, expected in (
            (b"\x01\x60", ("remaining_capacity_ah", number / 1000)),
            (b"\x01\xe0", ("remaining_capacity_wh", number / 100)),
            (b"\xfe\xff", ("remaining_capacity", None)),
        ):
            battery(it).written[3] = mode
            await it.ask("sb_write_scan_entry", ENTRY | {"index": 0, "reg_addrs": 3})
            await it.ask("sb_save_scan_list")
            result = (await it.ask("sb_read_register", args))["result"]
            assert (result["name"], result["value"]) == expected


async def test_a_register_that_could_not_be_read() -> None:
    async with batteries() as it:
        battery(it).written[9] = b"\xfe\xff"
        await it.ask("sb_save_scan_list")
        result = (await it.ask("sb_read_register", SAMPLES["sb_read_register"]))["result"]
        assert (result["smbregvalue"], result["name"], result["value"]) == (65534, "voltage_volt", None)


# --- what comes of it


async def test_a_scan_list_from_edit_to_raw_data() -> None:
    async with batteries() as it:
        for index, register in enumerate((0x18, 0x19)):
            entry = ENTRY | {"index": index, "reg_addrs": register, "designator": "Design"}
            if not index:
                assert (await it.ask("sb_clear_scan_list"))["verified"] == "read_back"
            answer = await it.ask("sb_write_scan_entry", entry)
            assert answer["result"] == entry | {"words": {"formattype": "unsigned_thousandths"}}
        assert len((await it.ask("sb_scan_list"))["result"]["scanlist"]) == 5, "not polled before it is saved"
        await it.ask("sb_save_scan_list")
        assert (await it.ask("sb_scan_list"))["result"] == {
            "numofregs": 2,
            "scanlist": [
                {"devaddr": 22, "addr": 0x18, "ptr": 0, "len": 2},
                {"devaddr": 22, "addr": 0x19, "ptr": 2, "len": 2},
            ],
        }
        raw = [0xC4, 9, 0x74, 0x0E]
        assert (await it.ask("sb_raw_data"))["result"] == {"format": 1, "len": 4, "rawdata": raw}
        registers = (await it.ask("sb_raw_data", {"format": 2}))["result"]["data"]
        assert registers[1] == {"addr": 0x19, "len": 2, "data": [0x74, 0x0E]}


async def test_a_read_of_the_bus() -> None:
    async with batteries() as it:
        assert (await it.ask("sb_fetch_read"))["result"]["words"] == {"status": "error"}
        await it.ask("sb_request_read", READ)
        result = (await it.ask("sb_fetch_read"))["result"]
        while result["words"]["status"] == "in_progress":
            result = (await it.ask("sb_fetch_read"))["result"]
        text = list(b"LION")
        assert result == {"status": 2, "numofbytes": 4, "data": text, "words": {"status": "completed"}}


async def test_a_setup_shows_what_the_tester_made_of_it() -> None:
    async with batteries() as it:
        answer = await it.ask("sb_set_position_setup", SETUP | {"clockfreqdivisor": 9})
        assert answer["result"]["clockfreqdivisor"] == 9
        assert answer["result"]["buslogicv"] == pytest.approx(3.3)
        assert answer["result"]["words"] == {"bustype": "i2c_smbus"}


async def test_a_tester_that_says_yes_and_shows_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, fnum in (("sb_set_position_setup", 15), ("sb_write_scan_entry", 21)):
        monkeypatch.setitem(device.SERVED, (7, fnum), lambda *asked: m.ScanEntryWritten(result=0))
        async with batteries(cycler_rules=BRIEF) as it:
            answer = await it.ask(name, SAMPLES[name] | {"accessdelay": 9} if fnum == 15 else ENTRY)
            assert error(answer) == ("unknown", "NOT_CONFIRMED")
            assert it.asked(7, fnum) == 1


async def test_an_empty_list_that_does_not_look_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(device.SERVED, (7, 22), lambda *asked: m.Outcome(result=0))
    async with batteries() as it:
        answer = await it.ask("sb_clear_scan_list")
        assert (answer["status"], answer["verified"]) == ("done", "reply"), "nobody knows what it should show"


@pytest.mark.parametrize("name", SHOWN)
async def test_a_tester_whose_state_proves_nothing(name: str) -> None:
    async with batteries(live=False) as it:
        answer = await it.ask(name, SAMPLES[name])
        assert (answer["status"], answer["verified"]) == ("done", "reply")


@pytest.mark.parametrize("name", CHANGES)
async def test_a_lost_reply(name: str) -> None:
    number = ROWS[name].number
    async with batteries(cycler_rules=CyclerRules(2.0)) as it:
        it.simulated.faults.drop_replies(*number)
        id = it.tell(name, SAMPLES[name])
        await it.simulated.wait_for(lambda record: record.number == number, 30)
        it.simulated.disconnect_all()
        answer = await it.final(id)
        if name in SHOWN:
            assert (answer["status"], answer["verified"]) == ("done", "read_back")
        else:
            assert error(answer) == ("unknown", "NO_REPLY")
        assert it.asked(*number) == 1, "never repeated"


@pytest.mark.parametrize("name", READS)
async def test_a_lost_reply_to_a_read(name: str) -> None:
    number = ROWS[name].number
    async with batteries() as it:
        it.simulated.faults.drop_replies(*number)
        id = it.tell(name, SAMPLES[name])
        await it.simulated.wait_for(lambda record: record.number == number, 30)
        it.simulated.disconnect_all()
        answer = await it.final(id)
        assert error(answer) == ("failed", "NO_REPLY")
        assert answer["error"]["retryable"] is True
