"""The errors that MacNet reports by JSON-RPC: its texts, and our codes for them.

An error's text is all that the manual gives, so both sides go by the texts.
"""

from __future__ import annotations

from macnet_bridge.errors import MacNetBridgeError


class BadRequest(MacNetBridgeError):
    """A request that the answering side cannot take. The message is MacNet's own text."""

    PARSE_ERROR = "Parse error"
    BAD_ENVELOPE = "Method MacNet, jsonrpc 2.0 or id not found"
    INVALID_PARAMS = "Invalid params"
    NO_FCLASS = '"FClass" key does not exist or value syntax error'
    NO_FNUM = '"FNum" key does not exist or value syntax error'
    INVALID_FCLASS = "Invalid FClass"
    INVALID_FNUM = "Invalid FNum"
    MACNET_ERROR = "MacNet error"
    MISSING_OBJECT = "Missing object"
    ILLEGAL_VALUE = "Illegal value"

    def __init__(self, message: str, request_id: int | str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


ERROR_NUMBERS = {
    BadRequest.PARSE_ERROR: -32700,
    BadRequest.BAD_ENVELOPE: -32600,
    BadRequest.MACNET_ERROR: -32000,
}
OTHER_ERROR_NUMBER = -32602
"""The manual gives no numbers; these are those of JSON-RPC 2.0 for the like."""

ERROR_CODES = {
    BadRequest.PARSE_ERROR: "PARSE_ERROR",
    BadRequest.BAD_ENVELOPE: "INVALID_REQUEST",
    BadRequest.INVALID_PARAMS: "INVALID_PARAMS",
    BadRequest.NO_FCLASS: "INVALID_FUNCTION",
    BadRequest.NO_FNUM: "INVALID_FUNCTION",
    BadRequest.INVALID_FCLASS: "INVALID_FUNCTION",
    BadRequest.INVALID_FNUM: "INVALID_FUNCTION",
    BadRequest.MISSING_OBJECT: "MISSING_OBJECT",
    BadRequest.ILLEGAL_VALUE: "ILLEGAL_VALUE",
}
ERROR_RESULT_CODES = frozenset({*ERROR_CODES.values(), "MACNET_ERROR"})
"""Acknowledgement codes for the errors that MacNet reports by JSON-RPC."""
