"""From whole messages to replies: decode, log, wait for the turn, ask the device, encode."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.functions import ECHO, Function, RequestLength, find
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message
from macnet_bridge.simulator import dialects
from macnet_bridge.simulator.device import handle
from macnet_bridge.simulator.faults import Faults
from macnet_bridge.simulator.received import Received, ReceivedLog, Transport
from macnet_bridge.simulator.tester import Tester
from macnet_bridge.simulator.turnstile import Turnstile

Send = Callable[[bytes], None]


class Service:
    """What all connections of a simulated cycler share.

    Attributes:
        log: what came in.
        faults: what it does wrong.
    """

    def __init__(
        self,
        tester: Tester,
        *,
        log: ReceivedLog,
        faults: Faults,
        turnstile: Turnstile,
        pretty: bool = False,
        constant_id: bool = False,
        json_rest_broken: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self.faults = faults
        self._tester = tester
        self._turnstile = turnstile
        self._pretty = pretty
        self._constant_id = constant_id
        self._json_rest_broken = json_rest_broken
        self._clock = clock

    # --- JSON

    def take_json(self, text: bytes, send: Send) -> None:
        """One JSON object from a connection; its reply goes to `send` when its turn has come."""
        try:
            request = jsonrpc.decode_request(text)
        except BadRequest as error:
            self.refuse_json(error, text, send)
            return
        self.log.add(
            Received(
                time=self._clock(),
                transport=Transport.JSON,
                number=request.function.number,
                channel=request.channel,
                body=request.body,
                request_id=request.request_id,
            )
        )
        self._turnstile.submit(lambda: self._answer_json(request, text, send))

    def refuse_json(self, error: BadRequest, text: bytes, send: Send) -> None:
        """Answer something that is no request with an error, in its turn."""
        record = Received(time=self._clock(), transport=Transport.JSON, request_id=error.request_id, raw=text)
        self.log.add(record)
        self._turnstile.submit(lambda: send(self._dressed(jsonrpc.encode_error(error))))

    def _answer_json(self, request: jsonrpc.Request, text: bytes, send: Send) -> None:
        reply = self._json_reply(request, text)
        if not self.faults.loses_reply(request.function.number):
            send(self._dressed(reply))

    def _json_reply(self, request: jsonrpc.Request, text: bytes) -> bytes:
        function = request.function
        request_id = jsonrpc.CONSTANT_ID if self._constant_id else request.request_id
        try:
            if self._json_rest_broken:
                dialects.check_json_rest(request.body)
            reply = self._ask(function, request.channel, request.body)
        except BadRequest as error:
            error.request_id = request_id
            return jsonrpc.encode_error(error)
        if function is ECHO:
            return text
        return jsonrpc.encode_reply(function, request.channel, dialects.for_json(reply), request_id)

    def _dressed(self, reply: bytes) -> bytes:
        if self._pretty:
            reply = msgspec.json.format(reply, indent=4).replace(b"\n", jsonrpc.REPLY_END)
        return reply + jsonrpc.REPLY_END

    # --- binary

    def take_binary(self, header: Header, data: bytes, transport: Transport, send: Send) -> None:
        """One binary message; its reply goes to `send` when its turn has come."""
        function = find(header.fclass, header.fnum)
        body = None if function is None else _decoded(function, header, data)
        self.log.add(
            Received(
                time=self._clock(),
                transport=transport,
                number=(header.fclass, header.fnum),
                channel=header.channel + 1,
                body=body,
                raw=header.pack() + data if body is None else b"",
            )
        )
        self._turnstile.submit(lambda: self._answer_binary(function, header, data, body, send))

    def _answer_binary(
        self,
        function: Function[Any, Any] | None,
        header: Header,
        data: bytes,
        body: Message | None,
        send: Send,
    ) -> None:
        refusal = header._replace(length=0).pack()
        try:
            reply = self._binary_reply(function, header, data, body)
        except BadRequest:
            reply = refusal
        if not self.faults.loses_reply((header.fclass, header.fnum)):
            send(reply)

    def _binary_reply(
        self, function: Function[Any, Any] | None, header: Header, data: bytes, body: Message | None
    ) -> bytes:
        if function is None or body is None:
            raise BadRequest(BadRequest.ILLEGAL_VALUE)
        channels = _addressed(function, header, body)
        replies = [
            binary.encode_reply(function, channel, dialects.for_binary(self._ask(function, channel, body)))
            for channel in channels
        ]
        if function is ECHO:
            return header.pack() + data
        content = b"".join(reply[HEADER_BYTES:] for reply in replies)
        return header._replace(length=len(content)).pack() + content

    def _ask(self, function: Function[Any, Any], channel: int, body: Message) -> Message:
        if function.number in self.faults.missing:
            raise BadRequest(BadRequest.INVALID_FNUM)
        return handle(self._tester, function, channel, body, self._clock())


def _decoded(function: Function[Any, Any], header: Header, data: bytes) -> Message | None:
    """The request, None when its form is wrong."""
    if function is ECHO:  # carries anything
        return ECHO.request()
    try:
        body: Message = binary.decode_request(function, header, data)
    except Malformed:
        return None
    return body


def _addressed(function: Function[Any, Any], header: Header, body: Message) -> range:
    """The channels to ask one by one: only (3, 1) counts channels and answers each in full.

    Raises:
        BadRequest: it counts none, or more than a request may.
    """
    first = header.channel + 1
    if function.request_length is not RequestLength.CHANNELS or isinstance(body, ChannelRange):
        return range(first, first + 1)
    if not 1 <= header.length <= MAX_CHANNELS_PER_REQUEST:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    return range(first, first + header.length)
