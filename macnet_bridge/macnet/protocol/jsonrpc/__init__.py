"""JSON messages: a JSON-RPC 2.0 envelope, and in it function, channel and fields side by side.

`asking` is the client's half, `answering` the tester's; both are to be imported from here.
"""

from macnet_bridge.macnet.protocol.jsonrpc.answering import (
    Request,
    decode_request,
    encode_error,
    encode_reply,
)
from macnet_bridge.macnet.protocol.jsonrpc.asking import decode_reply, encode_request
from macnet_bridge.macnet.protocol.jsonrpc.envelope import (
    CONSTANT_ID,
    CONSTANT_ID_ADVICE,
    REPLY_END,
    RequestId,
)
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_RESULT_CODES, BadRequest
from macnet_bridge.macnet.protocol.jsonrpc.usual import Read as ReadUsual
from macnet_bridge.macnet.protocol.jsonrpc.usual import usual_reader

__all__ = [
    "CONSTANT_ID",
    "CONSTANT_ID_ADVICE",
    "ERROR_RESULT_CODES",
    "REPLY_END",
    "BadRequest",
    "ReadUsual",
    "Request",
    "RequestId",
    "decode_reply",
    "decode_request",
    "encode_error",
    "encode_reply",
    "encode_request",
    "usual_reader",
]
