"""The profile `pymacnet`: a tester as the MaccorSpoofer of pymacnet 1.1.3 plays it.

Eleven functions with fixed readings and no state, whatever was asked; binary messages come back as
they are. For clients that were written against it, and as a peer that proves nothing by itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.jsonrpc import CONSTANT_ID, REPLY_END, BadRequest
from macnet_bridge.simulator.faults import Faults
from macnet_bridge.simulator.forms import Forms
from macnet_bridge.simulator.received import Received, ReceivedLog, Transport
from macnet_bridge.simulator.session import Session
from macnet_bridge.simulator.turnstile import Turnstile

CHANNELS = 12
"""How many channels its template of (1, 2) has."""

Send = Callable[[bytes], None]
Fields = dict[str, Any]
Answer = Callable[[Fields], Fields]

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


_ANSWERS: dict[tuple[int, int], Answer] = {
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
    """What the connections of a cycler with this profile share, in place of `Service`.

    Attributes:
        log, faults, forms: as those of `Service`; of the forms only that of UDP replies has a meaning.
    """

    def __init__(
        self,
        channels: int,
        *,
        log: ReceivedLog,
        faults: Faults,
        turnstile: Turnstile,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self.faults = faults
        self.forms = Forms()
        self._turnstile = turnstile
        self._clock = clock
        self._readings: list[Fields] = [{"Chan": number, **_READING} for number in range(channels)]
        self._answers: dict[tuple[int, int], Answer] = {
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

    def take_json(self, text: bytes, session: Session, send: Send) -> None:
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
        self._note(text, Transport.JSON, number)
        # The original prints by the same means, so that even the spaces agree.
        encoded = json.dumps(reply, indent=4).encode() + REPLY_END
        self._turnstile.submit(lambda: self._send(number, encoded, send))

    def refuse_json(self, error: BadRequest, text: bytes, send: Send) -> None:
        """Say nothing; the connection closes."""
        self._note(text, Transport.JSON)
        self._turnstile.submit(lambda: send(b""))

    def take_binary(
        self, header: Header, data: bytes, transport: Transport, session: Session, send: Send
    ) -> None:
        """Give a binary message back by TCP. The original has no UDP."""
        message, number = header.pack() + data, (header.fclass, header.fnum)
        self._note(message, transport, number)
        if transport is Transport.BINARY_TCP:
            self._turnstile.submit(lambda: self._send(number, message, send))

    def _reply(self, number: tuple[Any, Any], params: Fields) -> Fields:
        answer = self._answers.get(number)
        if answer is None:
            return _UNKNOWN
        if number == (4, 7) and params["Chan"] > len(self._readings):
            return {}
        result = {"FClass": number[0], "FNum": number[1], **answer(params)}
        return {"jsonrpc": "2.0", "result": result, "id": CONSTANT_ID}

    def _note(self, raw: bytes, transport: Transport, number: tuple[int, int] | None = None) -> None:
        self.log.add(Received(time=self._clock(), transport=transport, number=number, raw=raw))

    def _send(self, number: tuple[int, int], reply: bytes, send: Send) -> None:
        if not self.faults.loses_reply(number):
            send(reply)
