"""Files of a simulated tester: listings and transfers, message by message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, FileType
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.answers.device import handle
from macnet_bridge.simulator.machine.files import FileStore, FolderFiles, MemoryFiles
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Tester
from tests.simulator.machine import Machine
from tests.simulator.procedure.xml_text import end, procedure, step, wave_line, waveform

PROCEDURE = FileType.PROCEDURE.value


class Client:
    """Talks to a tester about files."""

    def __init__(self, files: FileStore | None = None) -> None:
        self.tester = Tester(2, files=files)
        self.session = Session()

    def say(self, function: f.Function[Any, Any], body: m.Message) -> Any:
        return handle(self.tester, function, 1, body, 0.0, self.session)

    def write(self, name: str = "a.000", file_type: int = PROCEDURE) -> Any:
        return self.say(f.SEND_FILE, m.WriteRequest(file_type=file_type, file_name=name))

    def block(self, number: int, data: bytes, file_type: int = PROCEDURE) -> Any:
        return self.say(f.SEND_FILE, m.FileData(file_type=file_type, block=number, data=data))

    def read(self, name: str = "a.000", file_type: int = PROCEDURE) -> Any:
        return self.say(f.GET_FILE, m.ReadRequest(file_type=file_type, file_name=name))

    def acknowledge(self, number: int) -> Any:
        return self.say(f.GET_FILE, m.FileAcknowledgement(file_type=PROCEDURE, block=number))

    def at(self, second: float) -> Any:
        """What (4, 7) says of channel 1 then."""
        return handle(self.tester, f.STATUS_AND_READINGS, 1, m.Empty(), second, self.session)

    def names(self, file_type: int = PROCEDURE) -> list[str]:
        count = self.say(f.LIST_FILES, m.ListFiles(file_type=file_type)).number_of_files
        following = m.ListFiles(file_type=file_type, command=1)
        return [self.say(f.LIST_FILES, following).file_name for _ in range(count)]


@pytest.fixture(params=["memory", "folder"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    return Client(MemoryFiles() if request.param == "memory" else FolderFiles(tmp_path))


def blocks(data: bytes) -> list[bytes]:
    """The blocks of a file; there is always one that is not full."""
    return [data[at : at + 500] for at in range(0, len(data) + 1, 500)]


@pytest.mark.parametrize("size", [0, 1, 499, 500, 501, 1000, 1750])
def test_q39_a_file_goes_in_and_comes_out(client: Client, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert client.write() == m.FileAcknowledgement(file_type=3, block=0)
    for number, block in enumerate(blocks(data), 1):
        assert client.read().error_code == 1, "nothing is there before the last block"
        assert client.block(number, block) == m.FileAcknowledgement(file_type=3, block=number)
    answer, found = client.read(), []
    while True:
        found.append(answer.data)
        assert answer.block == len(found)
        following = client.acknowledge(answer.block)
        if answer.is_last:
            assert following is None
            break
        answer = following
    assert found == blocks(data)


def test_blocks_and_acknowledgements_may_come_twice(client: Client) -> None:
    client.write()
    full = bytes(500)
    assert [client.block(number, full).block for number in (1, 1, 2, 2)] == [1, 1, 2, 2]
    assert [client.block(3, b"end").block for _ in range(2)] == [3, 3]
    assert client.read().block == 1
    assert client.read().block == 1
    assert client.acknowledge(0).block == 1, "a client that missed the block says so"
    assert [client.acknowledge(number).block for number in (1, 1, 2, 2)] == [2, 2, 3, 3]
    assert client.tester.files.read(FileType.PROCEDURE, "a.000").data == full + full + b"end"  # type: ignore[union-attr]


def test_what_is_out_of_order_is_an_error(client: Client) -> None:
    assert client.block(1, b"").error_code == 5
    assert client.acknowledge(1).error_code == 5
    client.write()
    assert client.block(2, b"").error_code == 4
    assert client.block(0, b"").error_code == 4
    assert client.block(1, b"", file_type=4).error_code == 5
    client.block(1, b"x")
    assert client.block(2, b"").error_code == 4, "the file is complete"
    client.read()
    assert client.acknowledge(5).error_code == 4


def test_an_error_of_the_client_ends_a_transfer(client: Client) -> None:
    client.write()
    stop = m.FileError(file_type=PROCEDURE, error_code=0, message="stop")
    assert client.say(f.SEND_FILE, stop) is None
    assert client.block(1, b"").error_code == 5
    assert client.names() == []


@pytest.mark.parametrize("name", ["../a.000", "a/b", "C:\\a", "..", " ", "a\0", "a\n"])
def test_names_stay_in_their_folder(client: Client, name: str) -> None:
    assert client.write(name).error_code == 2
    assert client.read(name).error_code == 1


@pytest.mark.parametrize("file_type", [1, 2, 8, 9])
def test_data_and_events_are_not_to_be_written(client: Client, file_type: int) -> None:
    assert client.write("a.001", file_type).error_code == 2


def test_listings_count_and_end(client: Client) -> None:
    following = m.ListFiles(file_type=PROCEDURE, command=1)
    with pytest.raises(BadRequest):
        client.say(f.LIST_FILES, following)
    for name in ("b.000", "a.000"):
        client.write(name)
        client.block(1, name.encode())
    assert client.names() == ["a.000", "b.000"]
    past = client.say(f.LIST_FILES, following)
    assert (past.number_of_files, past.index, past.file_name) == (2, 2, "")
    with pytest.raises(BadRequest):
        client.say(f.LIST_FILES, m.ListFiles(file_type=4, command=1))


def test_u10_a_listing_belongs_to_a_client(client: Client) -> None:
    client.names()
    client.session = Session()
    with pytest.raises(BadRequest):
        client.say(f.LIST_FILES, m.ListFiles(file_type=PROCEDURE, command=1))


def test_data_files_are_active_and_then_archived() -> None:
    machine = Machine()
    machine.start("Rest", "t1")
    machine.pass_by(100.0)
    names = {kind: [file.name for file in machine.tester.files_of(kind, 0.0)] for kind in FileType}
    assert (names[FileType.ACTIVE], names[FileType.ARCHIVE]) == (["t1.001"], [])
    machine.result(f.SUSPEND)
    machine.result(f.ARCHIVE)
    names = {kind: [file.name for file in machine.tester.files_of(kind, 0.0)] for kind in FileType}
    assert (names[FileType.ACTIVE], names[FileType.ARCHIVE]) == ([], ["t1.001"])
    file = machine.tester.file_of(FileType.ARCHIVE, "T1.001", 0.0)
    assert file is not None
    assert b"simulated test: t1\r\n" in file.data


def send(client: Client, name: str, data: bytes, file_type: int = PROCEDURE) -> None:
    client.write(name, file_type)
    for number, block in enumerate(blocks(data), 1):
        client.block(number, block, file_type)


def check(client: Client, procedure: str) -> tuple[int, list[str]]:
    """The result of (6, 11), and the texts of (6, 12)."""
    body = m.CheckStart(test_name="t", procedure=procedure, c_rate_ah=2.5)
    result = client.say(f.CHECK_START, body).result
    return result, list(iter(lambda: client.say(f.CHECK_MESSAGES, m.Empty()).text, ""))


def test_a_procedure_that_was_sent_runs(client: Client) -> None:
    assert check(client, "mine") == (2, ["There is no such procedure"])
    data = procedure(
        step("Charge", "Current", "0.4C", ends=[end("StepTime", "=", "00:00:30", 2)]),
        step("FastWave", value="pulse"),
        step("End"),
    )
    send(client, "mine.000", data)
    assert client.say(f.PROCEDURE_EXISTS, m.ProcedureName(procedure="mine")).exists
    assert check(client, "mine") == (7, ["step 2: there is no waveform 'pulse'"])
    send(
        client,
        "PULSE.MWF",
        waveform(wave_line(control_mode="I", value="1.5", duration="5")),
        FileType.WAVEFORM,
    )
    assert check(client, "mine") == (0, [])
    start = m.StartTest(test_name="t", procedure="mine", c_rate_ah=2.5)
    assert client.say(f.START_TEST, start).result == 0
    began = client.tester.behaviour.starting_second
    amperes = [client.at(began + second).current_ampere for second in (1.0, 29.0, 31.0, 34.0)]
    assert amperes == [1.0, 1.0, 1.5, 1.5]
    over = client.at(began + 36.0)
    assert (over.state, over.step_id) == (ChannelState.COMPLETED, 2)
    assert over.test_time_second == 35.0


def test_what_is_not_simulated_is_refused_by_name_and_nothing_starts(client: Client) -> None:
    send(client, "odd.000", procedure(step("Chg Func"), step("Charge", "Current", "7.5"), step("End")))
    assert check(client, "odd") == (7, ["step 1: step type 'Chg Func' is not simulated"])
    start = m.StartTest(test_name="t", procedure="odd", c_rate_ah=2.5)
    assert client.say(f.START_TEST, start).result == 22
    advanced = m.AdvancedStart(test_name="t", procedure="odd", c_rate_ah=2.5)
    assert client.say(f.ADVANCED_START, advanced).result == 0xFFFF
    # As soon as all of it is understood, what the channel cannot give is refused as well.
    send(client, "odd.000", procedure(step("Charge", "Current", "7.5"), step("End")))
    assert check(client, "odd") == (7, ["step 1: 7.5 A is more than range 4 of this channel, 5 A"])
    assert client.at(10.0).state == ChannelState.AVAILABLE


def test_a_file_that_is_replaced_is_read_again(client: Client) -> None:
    for second in (10, 20):
        ends = [end("StepTime", "=", f"00:00:{second}", 2)]
        send(client, "it.000", procedure(step("Rest", ends=ends), step("End")))
        read = client.tester.procedures.find("it", 1.0, client.tester.specification)
        assert read.rows[0].ends[0].amount.value == second  # type: ignore[union-attr]


def test_a_file_goes_before_a_built_in_procedure(client: Client) -> None:
    send(client, "Rest.000", procedure(step("End")))
    assert (
        client.tester.procedures.find("Rest", 1.0, client.tester.specification).description
        == "made for a test"
    )


def test_extensions_in_a_folder_decide(tmp_path: Path) -> None:
    for name in ("one.000", "TWO.000", "drive.MWF", "wave.mwf", "notes.txt", "bus.dbc", "old.999"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder.000").mkdir()
    files = FolderFiles(tmp_path)
    found = {kind.name: [file.name for file in files.all(kind)] for kind in FileType}
    assert {kind: names for kind, names in found.items() if names} == {
        "PROCEDURE": ["TWO.000", "old.999", "one.000"],
        "WAVEFORM": ["drive.MWF", "wave.mwf"],
        "CAN": ["bus.dbc"],
    }
    file = files.read(FileType.WAVEFORM, "DRIVE.mwf")
    assert file is not None
    assert (file.name, file.data) == ("drive.MWF", b"drive.MWF")
    assert files.read(FileType.PROCEDURE, "drive.MWF") is None


def test_what_was_sent_lies_in_the_folder(tmp_path: Path) -> None:
    client = Client(FolderFiles(tmp_path))
    for name, data, file_type in (
        ("a.000", b"1", 3),
        ("A.000", b"2", 3),
        ("w.MWF", b"3", 7),
        ("odd", b"4", 3),
    ):
        client.write(name, file_type)
        client.block(1, data, file_type)
    found = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert found == {"a.000": b"2", "w.MWF": b"3", "procedure/odd": b"4"}
    assert client.names() == ["a.000", "odd"]


def test_a_folder_that_is_gone_has_no_files(tmp_path: Path) -> None:
    assert FolderFiles(tmp_path / "gone").all(FileType.PROCEDURE) == []
