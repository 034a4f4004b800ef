"""From whole messages to replies: decode, log, wait for the turn, ask the device, encode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.functions import ECHO, Function, find_form
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.simulator import dialects
from macnet_bridge.simulator.device import handle
from macnet_bridge.simulator.faults import Faults
from macnet_bridge.simulator.forms import Forms
from macnet_bridge.simulator.received import Received, ReceivedLog, Transport
from macnet_bridge.simulator.session import Session
from macnet_bridge.simulator.tester import Tester
from macnet_bridge.simulator.turnstile import Turnstile

Send = Callable[[bytes], None]


class Service:
    """What all connections of a simulated cycler share.

    Attributes:
        log: what came in.
        faults: what it does wrong.
        forms: how it words its replies.
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
        forms: Forms | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self.faults = faults
        self._tester = tester
        self._turnstile = turnstile
        self._pretty = pretty
        self._constant_id = constant_id
        self._json_rest_broken = json_rest_broken
        self.forms = forms or Forms()
        self._clock = clock

    # --- JSON

    def take_json(self, text: bytes, session: Session, send: Send) -> None:
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
        out = self._way_out(Transport.JSON, send)
        self._turnstile.submit(lambda: self._answer_json(request, text, session, out))

    def refuse_json(self, error: BadRequest, text: bytes, send: Send) -> None:
        """Answer something that is no request with an error, in its turn."""
        record = Received(time=self._clock(), transport=Transport.JSON, request_id=error.request_id, raw=text)
        self.log.add(record)
        self._turnstile.submit(lambda: send(self._dressed(jsonrpc.encode_error(error))))

    def _answer_json(self, request: jsonrpc.Request, text: bytes, session: Session, send: Send) -> None:
        reply = self._json_reply(request, text, session)
        if not self.faults.loses_reply(request.function.number):
            send(self._dressed(reply))

    def _json_reply(self, request: jsonrpc.Request, text: bytes, session: Session) -> bytes:
        request_id = jsonrpc.CONSTANT_ID if self._constant_id else request.request_id
        try:
            if self._json_rest_broken:
                dialects.check_json_rest(request.body)
            if self.forms.every_member:
                dialects.check_members(text, request)
            body = dialects.as_counted(request.body, self.forms.selection_base)
            reply = self._ask(request.function, request.channel, body, session)
        except BadRequest as error:
            error.request_id = request_id
            return jsonrpc.encode_error(error)
        assert reply is not None, "only transfers of files go without a reply, and JSON has none"
        return text if request.function is ECHO else self._worded(request, reply, request_id)

    def _worded(self, request: jsonrpc.Request, reply: Message, request_id: jsonrpc.RequestId) -> bytes:
        """A reply as JSON, in the way of this tester."""
        function, forms = request.function, self.forms
        encoded = jsonrpc.encode_reply(
            forms.numbered(function),
            request.channel,
            dialects.for_json(function, reply, forms),
            request_id,
            as_printed=forms.class7_envelope == "params",
        )
        return forms.text(function, request.channel - 1, encoded)

    def _dressed(self, reply: bytes) -> bytes:
        if self._pretty:
            reply = msgspec.json.format(reply, indent=4).replace(b"\n", jsonrpc.REPLY_END)
        return reply + jsonrpc.REPLY_END

    # --- binary

    def take_binary(
        self, header: Header, data: bytes, transport: Transport, session: Session, send: Send
    ) -> None:
        """One binary message; its reply goes to `send` when its turn has come."""
        function = find_form(*header[:3], data)
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
        out = self._way_out(transport, send)
        self._turnstile.submit(lambda: self._answer_binary(function, header, data, body, session, out))

    def _answer_binary(
        self,
        function: Function[Any, Any] | None,
        header: Header,
        data: bytes,
        body: Message | None,
        session: Session,
        send: Send,
    ) -> None:
        silent = self.forms.binary_refusals == "silence"
        reply: bytes | None = None if silent else header._replace(length=0).pack()
        try:
            if function is not None and body is not None:
                reply = self._binary_reply(function, header, data, body, session)
        except BadRequest:
            pass  # binary has nothing but a bare header to say so
        if reply is not None and not self.faults.loses_reply((header.fclass, header.fnum)):
            send(reply)

    def _binary_reply(
        self, function: Function[Any, Any], header: Header, data: bytes, body: Message, session: Session
    ) -> bytes | None:
        reply = self._ask(function, header.channel + 1, body, session)
        if reply is None:
            return None
        if function is ECHO:
            return header.pack() + data
        encoded = binary.encode_reply(function, header.channel + 1, dialects.for_binary(function, reply))
        content = b"" if self.forms.is_bare(function, reply) else encoded[HEADER_BYTES:]
        fnum, length = self.forms.numbered(function).fnum, self.forms.length(function, len(content))
        return header._replace(fnum=fnum, length=length).pack() + content

    def _way_out(self, transport: Transport, send: Send) -> Send:
        """How replies by a transport leave, with what goes wrong on the way."""

        def send_or_not(reply: bytes) -> None:
            late_s = self.faults.late_second.get(transport, 0.0)
            if transport in self.faults.silent:
                return
            if late_s:
                asyncio.get_running_loop().call_later(late_s, send, reply)
            else:
                send(reply)

        return send_or_not

    def _ask(
        self, function: Function[Any, Any], channel: int, body: Message, session: Session
    ) -> Message | None:
        if function.number in self.faults.missing:
            raise BadRequest(BadRequest.INVALID_FNUM)
        return handle(self._tester, function, channel, body, self._clock(), session)


def _decoded(function: Function[Any, Any], header: Header, data: bytes) -> Message | None:
    """The request, None when its form is wrong."""
    if function is ECHO:  # carries anything
        return ECHO.request()
    try:
        body: Message = binary.decode_request(function, header, data)
    except Malformed:
        return None
    return body
