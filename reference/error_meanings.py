"""What the bridge's own codes mean: with which statuses they come, in words, and a case of each."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """Attributes:
    statuses: that it comes with.
    meaning: one sentence.
    example: when it comes.
    """

    statuses: tuple[str, ...]
    meaning: str
    example: str


_REJECTED = ("rejected",)

MEANINGS = {
    "BAD_JSON": Meaning(_REJECTED, "The payload is not JSON.", "`read_status` with `{`"),
    "BAD_ARGS": Meaning(
        _REJECTED,
        "A key or value is wrong; `field` says which.",
        "`set_variable` with `variable` 16",
    ),
    "BAD_TOPIC": Meaning(
        _REJECTED, "The topic names no channel, cycler or bridge.", "`R/lab1/0/cmd/suspend`"
    ),
    "UNKNOWN_VERB": Meaning(_REJECTED, "There is no such verb for what it is addressed to.", "`explode`"),
    "TOO_LARGE": Meaning(
        ("rejected", "failed"),
        "The payload is larger than the verb may have, or the answer larger than may be given.",
        "`start_test` with a comment of 70 kB",
    ),
    "MISSING_ID": Meaning(
        _REJECTED, "The verb must not run twice and needs an id.", "`start_test` without `id`"
    ),
    "ID_REUSED": Meaning(
        _REJECTED,
        "The same id stood for another command.",
        "`read_aux` with the id of an earlier `read_status`",
    ),
    "NOT_ALLOWED": Meaning(
        _REJECTED, "No rule lets this principal do that there.", "`set_variable` without any rule"
    ),
    "RETAINED": Meaning(
        _REJECTED, "The message was published retained, or kept by the broker.", "`suspend` with retain"
    ),
    "EXPIRED": Meaning(
        ("expired",), "Its deadline passed before it could be sent.", "`expires_at` in the past"
    ),
    "NOT_SERVED": Meaning(_REJECTED, "The bridge does not serve this channel.", "channel 99 of 8"),
    "EXPECT_FAILED": Meaning(
        _REJECTED,
        "The channel is not as `expect` says.",
        '`reset` with `"expect":{"state":"completed"}` while a test runs',
    ),
    "NO_LEASE": Meaning(
        _REJECTED,
        "The channel is not under direct control, or under somebody else's.",
        "`set_output` without `start_direct`",
    ),
    "LOCKED": Meaning(
        _REJECTED, "Somebody locked the channel; nothing is started on it.", "`start_test` after `lock`"
    ),
    "CHANNEL_BUSY": Meaning(
        _REJECTED, "The channel is in a state that does not go with it.", "`start_test` while a test runs"
    ),
    "STOPPED": Meaning(
        ("superseded",), "A stop of the channel came first.", "`start_test` and `suspend` right after it"
    ),
    "CANCELLED": Meaning(_REJECTED, "The bridge is stopping.", "any command during a restart"),
    "BUSY": Meaning(
        _REJECTED,
        "Too many commands wait for the channel, or too much is remembered.",
        "the 102nd of commands that wait",
    ),
    "OUT_OF_LIMITS": Meaning(
        _REJECTED, "A value is outside of the channel's limits.", "`voltage_max_volt` 4.3 where 4.25 is set"
    ),
    "NO_LIMITS": Meaning(
        _REJECTED,
        "Neither the configuration nor the tester gives the channel limits.",
        "no `[cycler.limits]`, and a tester without (3, 1)",
    ),
    "SAFETY_MISMATCH": Meaning(
        ("rejected", "failed"),
        "The tester took other safety limits than it was sent; nothing was started.",
        "a tester that rounds 4.25 V to 4.2 V",
    ),
    "NOT_CONFIRMED": Meaning(
        ("unknown",),
        "The tester said yes, and reading it does not show it.",
        "`set_variable`, and the variable keeps its value",
    ),
    "TESTER_OFFLINE": Meaning(_REJECTED, "There is no connection to the tester.", "a tester that is off"),
    "NO_REPLY": Meaning(
        ("failed", "unknown"),
        "The request left, and no reply came in time.",
        "a network that breaks off after `set_variable`",
    ),
    "BAD_REPLY": Meaning(
        ("failed", "unknown"),
        "The request left, and what came was not its reply.",
        "a reply with another id",
    ),
    "JOURNAL_UNAVAILABLE": Meaning(
        ("rejected", "failed"),
        "The journal cannot be written or read, so nothing is sent that must not run twice.",
        "`start_test` with a full disk",
    ),
    "INTERNAL": Meaning(
        ("rejected", "unknown"), "A fault of the bridge; its log has the details.", "please report it"
    ),
}
