"""Errors as acknowledgements show them. The one place where an exception becomes a payload."""

from __future__ import annotations

from msgspec import UNSET

from macnet_bridge.errors import COMMAND_CODES, MacNetBridgeError, OutcomeUnknown, TesterRefused
from macnet_bridge.payloads.acknowledgements import MacNetResult, Problem


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
        message=str(error),
        retryable=error.retryable or (harmless and isinstance(error, OutcomeUnknown)),
        field=error.field or UNSET,
        macnet=macnet,
    )
