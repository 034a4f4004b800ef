"""The status of a command that an error ended."""

from __future__ import annotations

import pytest

from macnet_bridge.commands.outcome import status_after
from macnet_bridge.errors import (
    BadReply,
    Expired,
    InvalidRequest,
    JournalUnavailable,
    MacNetBridgeError,
    NoReply,
    NotConfirmed,
    Rejected,
    Superseded,
    TesterOffline,
    TesterRefused,
)

NO = TesterRefused("no", fclass=6, fnum=2)


@pytest.mark.parametrize(
    ("error", "kept_back", "of_a_command", "of_a_read"),
    [
        (Rejected("LOCKED", "it is locked"), "rejected", "rejected", "rejected"),
        (Expired("too late"), "expired", "expired", "expired"),
        (Superseded("STOPPED", "a stop came"), "superseded", "superseded", "superseded"),
        (InvalidRequest("no such channel"), "rejected", "rejected", "rejected"),
        (TesterOffline("it is away"), "rejected", "unknown", "failed"),
        (JournalUnavailable("the disk is full"), "rejected", "unknown", "failed"),
        (NO, "rejected", "failed", "failed"),
        (NoReply("silence"), "rejected", "unknown", "failed"),
        (BadReply("rubbish"), "rejected", "unknown", "failed"),
        (NotConfirmed("it does not show"), "rejected", "unknown", "failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_is_said(error: MacNetBridgeError, kept_back: str, of_a_command: str, of_a_read: str) -> None:
    """Before the deciding request left, and after it had."""
    assert status_after(error, sent=False, reads=False) == kept_back
    assert status_after(error, sent=False, reads=True) == kept_back
    assert status_after(error, sent=True, reads=False) == of_a_command
    assert status_after(error, sent=True, reads=True) == of_a_read
