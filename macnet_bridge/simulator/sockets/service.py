"""From whole messages to replies: decode, ask the device, encode."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.functions import ECHO, Function, find_form
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.simulator.answers.device import handle
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Tester
from macnet_bridge.simulator.sockets import dialects
from macnet_bridge.simulator.sockets.desk import Desk
from macnet_bridge.simulator.sockets.forms import Forms
from macnet_bridge.simulator.sockets.line import Line
from macnet_bridge.simulator.sockets.received import Answer, Received, Transport


class Service:
    """Answers as a tester does.

    Attributes:
        desk: where messages wait for their turn.
        forms: how it words its replies.
    """

    def __init__(
        self,
        tester: Tester,
        desk: Desk,
        *,
        pretty: bool = False,
        constant_id: bool = False,
        json_rest_broken: bool = True,
        forms: Forms | None = None,
    ) -> None:
        self.desk = desk
        self.forms = forms or Forms()
        self._tester = tester
        self._pretty = pretty
        self._constant_id = constant_id
        self._json_rest_broken = json_rest_broken

    # --- JSON

    def take_json(self, text: bytes, session: Session, line: Line) -> None:
        """One JSON object from a connection; its reply goes to `line` when its turn has come."""
        try:
            request = jsonrpc.decode_request(text)
        except BadRequest as error:
            self.refuse_json(error, text, line)
            return
        record = Received(
            time=self.desk.clock(),
            transport=Transport.JSON,
            number=request.function.number,
            channel=request.channel,
            body=request.body,
            request_id=request.request_id,
        )
        self.desk.take(record, partial(self._answer_json, request, text, session), line)

    def refuse_json(self, error: BadRequest, text: bytes, line: Line) -> None:
        """Answer something that is no request with an error, in its turn."""
        record = Received(
            time=self.desk.clock(), transport=Transport.JSON, request_id=error.request_id, raw=text
        )
        self.desk.take(record, partial(self._refusal, error), line)

    def _answer_json(self, request: jsonrpc.Request, text: bytes, session: Session) -> tuple[bytes, Answer]:
        request_id = jsonrpc.CONSTANT_ID if self._constant_id else request.request_id
        try:
            reply = self._asked_by_json(request, text, session)
        except BadRequest as error:
            error.request_id = request_id
            return self._refusal(error)
        encoded = text if request.function is ECHO else self._worded(request, reply, request_id)
        return self._dressed(encoded), Answer(reply=reply)

    def _asked_by_json(self, request: jsonrpc.Request, text: bytes, session: Session) -> Message:
        if self._json_rest_broken:
            dialects.check_json_rest(request.body)
        if self.forms.every_member:
            dialects.check_members(text, request)
        body = dialects.as_counted(request.body, self.forms.selection_base)
        reply = self._ask(request.function, request.channel, body, session)
        assert reply is not None, "only transfers of files go without a reply, and JSON has none"
        return reply

    def _refusal(self, error: BadRequest) -> tuple[bytes, Answer]:
        return self._dressed(jsonrpc.encode_error(error)), Answer(error=str(error))

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
        self, header: Header, data: bytes, transport: Transport, session: Session, line: Line
    ) -> None:
        """One binary message; its reply goes to `line` when its turn has come."""
        function = find_form(*header[:3], data)
        body = None if function is None else _decoded(function, header, data)
        record = Received(
            time=self.desk.clock(),
            transport=transport,
            number=(header.fclass, header.fnum),
            channel=header.channel + 1,
            body=body,
            raw=header.pack() + data if body is None else b"",
        )
        self.desk.take(record, partial(self._answer_binary, function, header, data, body, session), line)

    def _answer_binary(
        self,
        function: Function[Any, Any] | None,
        header: Header,
        data: bytes,
        body: Message | None,
        session: Session,
    ) -> tuple[bytes | None, Answer]:
        if function is None or body is None:
            return self._bare(header), Answer(error="malformed")
        try:
            reply = self._ask(function, header.channel + 1, body, session)
        except BadRequest as error:
            return self._bare(header), Answer(error=str(error))
        if reply is None or function is ECHO:
            return None if reply is None else header.pack() + data, Answer(reply=reply)
        return self._packed(function, header, reply), Answer(reply=reply)

    def _bare(self, header: Header) -> bytes | None:
        """Binary has nothing but a bare header to refuse with."""
        return None if self.forms.binary_refusals == "silence" else header._replace(length=0).pack()

    def _packed(self, function: Function[Any, Any], header: Header, reply: Message) -> bytes:
        encoded = binary.encode_reply(function, header.channel + 1, dialects.for_binary(function, reply))
        content = b"" if self.forms.is_bare(function, reply) else encoded[HEADER_BYTES:]
        fnum, length = self.forms.numbered(function).fnum, self.forms.length(function, len(content))
        return header._replace(fnum=fnum, length=length).pack() + content

    def _ask(
        self, function: Function[Any, Any], channel: int, body: Message, session: Session
    ) -> Message | None:
        if function.number in self.desk.faults.missing:
            raise BadRequest(BadRequest.INVALID_FNUM)
        return handle(self._tester, function, channel, body, self.desk.clock(), session)


def _decoded(function: Function[Any, Any], header: Header, data: bytes) -> Message | None:
    """The request, None when its form is wrong."""
    if function is ECHO:  # carries anything
        return ECHO.request()
    try:
        body: Message = binary.decode_request(function, header, data)
    except Malformed:
        return None
    return body
