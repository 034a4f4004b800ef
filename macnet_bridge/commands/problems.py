"""Errors as acknowledgements show them. The one place where an exception becomes a payload."""

from __future__ import annotations

from msgspec import UNSET

from macnet_bridge.errors import COMMAND_CODES, MacNetBridgeError, OutcomeUnknown, TesterRefused
from macnet_bridge.payloads.acknowledgements import MacNetResult, Problem

_MESSAGE_LENGTH = 500
_FIELD_LENGTH = 200


def problem(error: MacNetBridgeError, *, harmless: bool = False) -> Problem:
    """An error as acknowledgements show it.

    Args:
        harmless: whether what was asked cannot have happened, so that a request whose outcome
            is not known may be made again all the same.
    """
    macnet = (
        MacNetResult(error.fclass, error.fnum, error.result) if isinstance(error, TesterRefused) else UNSET
    )
    return Problem(
        code=error.code,
        category=COMMAND_CODES.get(error.code, error.category),
        message=_clipped(str(error), _MESSAGE_LENGTH),
        retryable=error.retryable or (harmless and isinstance(error, OutcomeUnknown)),
        field=_clipped(error.field, _FIELD_LENGTH) if error.field else UNSET,
        macnet=macnet,
    )


def _clipped(text: str, length: int) -> str:
    """Messages quote what a requester sent, which may be all of a large payload; answers are kept."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
