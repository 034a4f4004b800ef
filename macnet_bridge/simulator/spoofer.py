"""The profile `pymacnet`: a tester as the MaccorSpoofer of pymacnet 1.1.3 plays it.

Eleven functions with fixed readings and no state, whatever was asked; binary messages come back as
they are. For clients that were written against it, and as a peer that proves nothing by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.jsonrpc import CONSTANT_ID, REPLY_END, BadRequest
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.sockets.desk import Desk
from macnet_bridge.simulator.sockets.forms import Forms
from macnet_bridge.simulator.sockets.line import Line
from macnet_bridge.simulator.sockets.received import Answer, Received, Transport

CHANNELS = 12
"""How many channels its template of (1, 2) has."""

Fields = dict[str, Any]
Say = Callable[[Fields], Fields]

_READING: Fields = {
    "RF1": 0,
    "RF2": 192,
    "Stat": 0,
    "LastRecNum": 4225,
    "Cycle": 0,
    "Step": 5,
    "TestTime": 2.0,
    "StepTime": 1.0,
    "Capacity": 0,
    "Energy": 0,
    "Current": 0,
    "Voltage": 3.85,
    "TesterTime": "2022-10-13T12:32:56",
}
_VERSION: Fields = {
    "APIVersion": 1,
    "MacTest32EXEversionMajor": 3,
    "MacTest32EXEversionMinor": 2,
    "MacTest32EXEversionBuild": 18,
    "MacTest32DLLversionMajor": 3,
    "MacTest32DLLversionMsinor": 2,  # misspelt there as well
    "MacTest32DLLversionBuild": 18,
    "MacTest32ExeDT": "2016-11-08T15:02:58",
    "MacTest32DLLDT": "2016-11-13T11:29:48",
}
_SYSTEM: Fields = {
    "SystemID": "Win10",
    "SystemType": 0,
    "ControllerBoards": 3,
    "TestChannels": CHANNELS,
    "AuxBoards": 1,
    "AuxChannels": 128,
    "SMB1Pos": 0,
    "SMB3Pos": 1,
}
_NO_STATUS = {"RF1": 0, "RF2": 0, "Stat": 0}
_SAFETY = ("VSafeMax", "VSafeMin", "ISafeChg", "ISafeDis", "PBatSafeChg", "PBatSafeDis")
_UNKNOWN = {"err": 1}


def _done(params: Fields) -> Fields:
    return {"Chan": params["Chan"], "Result": "OK"}


_ANSWERS: dict[tuple[int, int], Say] = {
    (1, 1): lambda params: _VERSION,
    (4, 1): lambda params: {"Chan": 0, "Len": 2, "Status": [_NO_STATUS, _NO_STATUS]},
    (4, 4): lambda params: {"Chan": params["Chan"], "Len": 1, "AuxValues": [24.75]},
    (6, 2): _done,
    (6, 5): _done,
    (6, 7): _done,
    (6, 8): _done,
    (6, 9): _done,
    (6, 10): lambda params: {"Chan": params["Chan"], **{key: params[key] for key in _SAFETY}},
}


class Spoofer:
    """Answers in place of `Service` when a cycler has this profile.

    Attributes:
        desk: where messages wait for their turn.
        forms: only that of UDP replies has a meaning.
    """

    def __init__(self, channels: int, desk: Desk) -> None:
        self.desk = desk
        self.forms = Forms()
        self._readings: list[Fields] = [{"Chan": number, **_READING} for number in range(channels)]
        self._answers: dict[tuple[int, int], Say] = {
            **_ANSWERS,
            (1, 2): lambda params: {**_SYSTEM, "TestChannels": channels},
            (4, 7): lambda params: self._readings[params["Chan"]],
        }

    def show(self, channel: int, **reading: Any) -> None:
        """Change what (4, 7) says of a channel, from 1, by MacNet's names.

        Raises:
            KeyError: a name that (4, 7) does not have.
        """
        if unknown := reading.keys() - _READING.keys():
            raise KeyError(*unknown)
        self._readings[channel - 1].update(reading)

    def take_json(self, text: bytes, session: Session, line: Line) -> None:
        """One JSON object from a connection.

        Raises:
            Malformed: what breaks the original, and with it this connection.
        """
        try:
            params = json.loads(text)["params"]
            number = (params["FClass"], params["FNum"])
            reply = self._reply(number, params)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Malformed(f"it breaks the spoofer: {error!r}") from None
        # The original prints by the same means, so that even the spaces agree.
        self._give(json.dumps(reply, indent=4).encode() + REPLY_END, text, Transport.JSON, number, line)

    def refuse_json(self, error: BadRequest, text: bytes, line: Line) -> None:
        """Say nothing; the connection closes."""
        self._give(b"", text, Transport.JSON, None, line)

    def take_binary(
        self, header: Header, data: bytes, transport: Transport, session: Session, line: Line
    ) -> None:
        """Give a binary message back by TCP. The original has no UDP."""
        message, number = header.pack() + data, (header.fclass, header.fnum)
        reply = message if transport is Transport.BINARY_TCP else None
        self._give(reply, message, transport, number, line)

    def _reply(self, number: tuple[Any, Any], params: Fields) -> Fields:
        answer = self._answers.get(number)
        if answer is None:
            return _UNKNOWN
        if number == (4, 7) and params["Chan"] > len(self._readings):
            return {}
        result = {"FClass": number[0], "FNum": number[1], **answer(params)}
        return {"jsonrpc": "2.0", "result": result, "id": CONSTANT_ID}

    def _give(
        self,
        reply: bytes | None,
        raw: bytes,
        transport: Transport,
        number: tuple[int, int] | None,
        line: Line,
    ) -> None:
        record = Received(time=self.desk.clock(), transport=transport, number=number, raw=raw)
        self.desk.take(record, lambda: (reply, Answer()), line)
