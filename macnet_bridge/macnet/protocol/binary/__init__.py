"""Binary messages: a header of eight bytes, then data. The same over TCP and UDP.

`asking` is the client's half, `answering` the tester's; both are to be imported from here.
"""

from macnet_bridge.macnet.protocol.binary.answering import (
    decode_request,
    encode_reply,
    request_data_bytes,
    split,
)
from macnet_bridge.macnet.protocol.binary.asking import decode_reply, encode_request, reply_data_bytes
from macnet_bridge.macnet.protocol.binary.usual import usual_reader

__all__ = [
    "decode_reply",
    "decode_request",
    "encode_reply",
    "encode_request",
    "reply_data_bytes",
    "request_data_bytes",
    "split",
    "usual_reader",
]
