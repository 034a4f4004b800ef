"""The log as lines of JSON."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest

from macnet_bridge.simulator import Fault, Received, SimulatedCycler, Transport
from macnet_bridge.simulator.sockets.log_lines import line, writer
from macnet_bridge.simulator.sockets.received import Answer
from tests.simulator.peers import FakeClock, binary_peer, json_peer, request


async def test_a_line_for_each_message(clock: FakeClock) -> None:
    stream = io.StringIO()
    lost = Fault("drop", on=(6, 3), times=1, carried_out=False)
    async with (
        SimulatedCycler(clock=clock, script=[lost], on_answered=writer(stream, 3)) as cycler,
        json_peer(cycler) as peer,
        binary_peer(cycler) as binary,
    ):
        peer.writer.write(request(6, 3, request_id=1, Chan=4))
        await peer.ask(6, 9, request_id="two", Chan=4, VarNum=3, Value=1.5)
        await peer.ask(4, 2, Chan=6, Len=2)
        await peer.ask(4, 7, Chan=99)
        await binary.ask(struct.pack("<4H", 6, 3, 4, 0))
        peer.writer.write(b"hello \xff")
        await peer.line()
        lines = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert all(entry.pop("time").endswith("Z") and entry.pop("cycler") == 3 for entry in lines)
    volts = lines[2].pop("reply")["Voltage"]
    assert len(volts) == 2
    assert lines == [
        {**by("json", 6, 3, "suspend", 5), "id": 1, "request": {}, "fault": "drop"},
        {
            **by("json", 6, 9, "set_variable", 5),
            "id": "two",
            "request": {"VarNum": 3, "Value": 1.5},
            "result": 0,
        },
        {**by("json", 4, 2, "voltages", 7), "id": 1987, "request": {"Len": 2}},
        {**by("json", 4, 7, "status_and_readings", 100), "id": 1987, "request": {}, "error": "Illegal value"},
        {**by("tcp", 6, 3, "suspend", 5), "request": {}, "error": "MacNet error"},
        {"transport": "json", "raw": "hello \\xff", "raw_bytes": 7, "error": "Parse error"},
    ]


def by(transport: str, fclass: int, fnum: int, name: str, channel: int) -> dict[str, Any]:
    return {"transport": transport, "fclass": fclass, "fnum": fnum, "name": name, "channel": channel}


def record(**changed: Any) -> Received:
    return Received(**{"time": 5.0, "epoch_second": 1.5, "transport": Transport.BINARY_TCP, **changed})


@pytest.mark.parametrize(
    ("received", "rest"),
    [
        (record(), {"fault": "stopped"}),
        (record(answer=Answer(fault="refuse")), {"fault": "refuse"}),
        (
            record(number=(99, 1), raw=b"\x63\x00" + bytes(2000), answer=Answer(error="malformed")),
            {
                "fclass": 99,
                "fnum": 1,
                "name": None,
                "channel": 1,
                "raw": "63 " + "00 " * 998 + "00",
                "raw_bytes": 2002,
                "error": "malformed",
            },
        ),
        (
            record(number=("4", None), answer=Answer()),
            {"fclass": "4", "fnum": None, "name": None, "channel": 1},
        ),
    ],
)
def test_lines_of_odd_messages(received: Received, rest: dict[str, Any]) -> None:
    assert json.loads(line(received)) == {
        "time": "1970-01-01T00:00:01.500Z",
        "cycler": 1,
        "transport": "tcp",
        **rest,
    }


def test_a_line_has_no_ends_inside() -> None:
    assert "\n" not in line(record(transport=Transport.JSON, raw=b"{\r\n}\n"))
