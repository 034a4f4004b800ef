"""`macnet-bridge simulate`, as somebody would start it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

PORTS = ["--json-port", "0", "--tcp-port", "0", "--udp-port", "0"]
SYSTEM = b'{"jsonrpc":"2.0","method":"MacNet","params":{"FClass":1,"FNum":2},"id":7}'
VOLTS = SYSTEM.replace(b'"FClass":1,"FNum":2', b'"FClass":4,"FNum":2,"Chan":0,"Len":1')
EXISTS = SYSTEM.replace(b'"FClass":1,"FNum":2', b'"FClass":1,"FNum":3,"ProcName":"NAME"')


COMMAND = [sys.executable, "-m", "macnet_bridge", "simulate"]


@contextmanager
def simulating(*options: str) -> Iterator[dict[str, Any]]:
    """What it prints when it is ready."""
    with running(*options) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*COMMAND, *PORTS, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def wrong(*options: str) -> tuple[int, str]:
    """The exit code of wrong options, and the last line on stderr."""
    done = subprocess.run([*COMMAND, *PORTS, *options], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()[-1]


def system_info(ports: dict[str, Any]) -> dict[str, Any]:
    return ask(ports, SYSTEM)


def ask(ports: dict[str, Any], request: bytes) -> dict[str, Any]:
    with (
        socket.create_connection((ports["host"], ports["json_port"]), 10) as sock,
        sock.makefile("rb") as file,
    ):
        sock.sendall(request)
        text = b""
        while not text or text.count(b"{") != text.count(b"}"):
            text += file.readline()
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.mark.parametrize(
    ("options", "system", "channels", "answer_id"),
    [
        ([], "Simulated cycler", 128, 7),
        (["--profile", "faithful", "--channels", "3"], "Simulated cycler", 3, 7),
        (["--profile", "pymacnet"], "Win10", 12, 1987),
        (["--profile", "pymacnet", "--channels", "128"], "Win10", 128, 1987),
    ],
)
def test_a_profile_and_its_channels(options: list[str], system: str, channels: int, answer_id: int) -> None:
    with simulating(*options) as ports:
        assert ports["channels"] == channels
        answer = system_info(ports)
    assert (answer["result"]["SystemID"], answer["result"]["TestChannels"]) == (system, channels)
    assert answer["id"] == answer_id


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--profile", "real"], 2, "'faithful', 'pymacnet'"),
        (["--fault", "explode"], 2, "there is no fault 'explode', only drop, delay"),
        (["--fault", "drop 6,2 often"], 2, "Write it like 'drop 6,2 channel=5 times=1'"),
        (["--faults", "no such file"], 2, "does not exist"),
        (["--procedures", "no such folder"], 2, "Directory 'no such folder' does not exist"),
        (["--log-received", "no such folder/log"], 1, "cannot write to no such folder/log: no such file"),
        (["--jitter-ms", "20", "--latency-ms", "10"], 1, "the jitter 0 to the latency"),
        (["--cyclers", "0"], 2, "1<=x<=100"),
        (["--cyclers", "3", "--udp-port", "65500"], 1, "there is no port 65560"),
        (["--speed", "0.5"], 2, "1<=x<=10000"),
    ],
)
def test_wrong_options_are_told_in_one_line(options: list[str], code: int, words: str) -> None:
    returned, line = wrong(*options)
    assert words in line
    assert returned == code


def test_faults_of_a_file_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "faults.txt"
    path.write_text("drop 6,2\ndelay 4,7 second=soon\n", "utf-8")
    code, line = wrong("--faults", str(path))
    assert code == 2
    assert f"{path}: line 2: 'delay 4,7 second=soon' is no fault: second cannot be 'soon'" in line


def test_faults_strike_and_are_in_the_log(tmp_path: Path) -> None:
    faults, log = tmp_path / "faults.txt", tmp_path / "received.jsonl"
    faults.write_text("wrong-id 1,2 times=1  # once\n", "utf-8")
    options = ["--fault", "drop 4,8 times=1", "--faults", str(faults), "--log-received", str(log)]
    with simulating(*options) as ports:
        assert [system_info(ports)["id"] for _ in range(2)] == [6, 7]
        # It is a line as soon as the reply is here.
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [(line["name"], line["id"], line.get("fault")) for line in lines] == [
        ("system_info", 7, "wrong-id"),
        ("system_info", 7, None),
    ]
    assert lines[0]["reply"]["TestChannels"] == 128


def test_the_log_goes_to_standard_error() -> None:
    with running("--log-received", "-") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        system_info(json.loads(process.stdout.readline()))
        assert json.loads(process.stderr.readline())["name"] == "system_info"


def test_several_cyclers_in_one_process(tmp_path: Path) -> None:
    log = tmp_path / "received.jsonl"
    with simulating("--cyclers", "10", "--channels", "4", "--log-received", str(log)) as ready:
        cyclers = ready["cyclers"]
        assert len(cyclers) == 10
        assert len({cycler[name] for cycler in cyclers for name in ("json_port", "tcp_port")}) == 20
        volts = {ask(cycler, VOLTS)["result"]["Voltage"][0] for cycler in cyclers}
        assert len(volts) == 10, "each has a seed of its own"
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [line["cycler"] for line in lines] == list(range(1, 11))


def test_ports_of_several_cyclers_follow_each_other() -> None:
    first = free_ports(3)
    options = [f"--json-port={first + 20}", f"--tcp-port={first + 10}", f"--udp-port={first}"]
    with simulating(*options, "--cyclers", "3", "--channels", "1") as ready:
        found = [
            [cycler[name] - first for name in ("udp_port", "tcp_port", "json_port")]
            for cycler in ready["cyclers"]
        ]
        assert found == [[0, 10, 20], [30, 40, 50], [60, 70, 80]]
        assert ask(ready["cyclers"][2], SYSTEM)["result"]["TestChannels"] == 1


def free_ports(cyclers: int) -> int:
    """A port that is free, and with it those that so many cyclers take after it."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(bound(0)).getsockname()[1]
            try:
                for port in range(first + 10, first + 30 * cyclers, 10):
                    stack.enter_context(bound(port))
            except (OSError, OverflowError):
                continue
            return int(first)


@contextmanager
def bound(port: int, kind: int = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", port))
        yield sock


def test_a_taken_port_stops_all_of_them() -> None:
    with bound(0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        code, line = wrong("--cyclers", "2", f"--json-port={port - 30}")
    assert code == 1
    assert line.startswith(f"macnet-bridge: cannot listen on 127.0.0.1:{port}: ")
    assert line.endswith("; free it, or choose another with --json-port, 0 for any")


@pytest.mark.parametrize("name", ["json-port", "tcp-port", "udp-port"])
def test_which_port_is_taken(name: str) -> None:
    kind = socket.SOCK_DGRAM if name == "udp-port" else socket.SOCK_STREAM
    with bound(0, kind) as taken:
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        code, line = wrong(f"--{name}={port}")
    assert code == 1
    assert line.startswith(f"macnet-bridge: cannot listen on 127.0.0.1:{port}: ")
    assert line.endswith(f"; free it, or choose another with --{name}, 0 for any")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_one(host: str) -> None:
    code, line = wrong(f"--host={host}")
    assert code == 1
    assert line.startswith(f"macnet-bridge: cannot listen on {host}: ")
    assert line.endswith("; correct --host")


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGTERM to catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    log = tmp_path / "received.jsonl"
    with running("--cyclers", "3", "--speed", "1000", "--log-received", str(log)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        cyclers = json.loads(process.stdout.readline())["cyclers"]
        with socket.create_connection((cyclers[0]["host"], cyclers[0]["json_port"]), 10):
            system_info(cyclers[1])
            process.send_signal(number)
            assert process.wait(10) == 0
        assert process.stderr.read() == b""
    assert [json.loads(line)["cycler"] for line in log.read_text("utf-8").splitlines()] == [2]


def test_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.000").write_bytes(b"<xml/>")
    with simulating("--procedures", str(tmp_path)) as ports:
        exists = [ask(ports, EXISTS.replace(b"NAME", name))["result"] for name in (b"mine", b"other")]
    assert [answer["ProcedurExists"] for answer in exists] == ["TRUE", "FALSE"]


def test_channels_and_cells_are_as_the_options_say() -> None:
    """An LTO cell of 10 Ah on a channel of 20 A, in steps of 16 bits, with a smart battery."""
    options = ("--chemistry", "lto", "--capacity-ah", "10", "--max-ampere", "20", "--noise", "0")
    with simulating("--channels", "1", *options, "--smart-batteries") as ports:
        (volt,) = ask(ports, VOLTS)["result"]["Voltage"]
        assert 2.0 < volt < 2.6
        assert volt * 65_535 / 5.0 == pytest.approx(round(volt * 65_535 / 5.0), abs=0.02)
        specification = ask(ports, SYSTEM.replace(b'"FClass":1,"FNum":2', b'"FClass":3,"FNum":1,"Chan":0'))
        assert specification["result"]["IR4Chg"] == 20
        register = (
            b'"FClass":7,"FNum":4,"Chan":0,"SMBDevAddr":22,"SMBRegAddr":16'  # full charge capacity, mAh
        )
        full = ask(ports, SYSTEM.replace(b'"FClass":1,"FNum":2', register))["result"]["SMBRegValue"]
        assert full == pytest.approx(10_000, rel=0.021)


def test_no_such_chemistry() -> None:
    code, said = wrong("--chemistry", "nicd")
    assert code == 2
    assert "'nicd' is not one of 'nmc', 'lfp'" in said


@pytest.mark.parametrize("option", ["--capacity-ah", "--max-ampere", "--noise"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e39"])
def test_a_cell_and_a_channel_have_sizes_that_can_be(option: str, value: str) -> None:
    code, said = wrong(option, value)
    assert (code, option in said) == (2, True)


@pytest.mark.parametrize("value", ["0", "1e-300"])
def test_a_cell_is_not_too_small_to_be_computed(value: str) -> None:
    assert wrong("--capacity-ah", value)[0] == 2
