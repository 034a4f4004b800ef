"""Everything that can go wrong, as one tree.

    MacNetBridgeError
    ├── ConfigError            the configuration file or a flag is wrong
    ├── InvalidRequest         a value that MacNet cannot carry; nothing was sent
    ├── Malformed              bytes that are no MacNet message
    ├── TesterRefused          the tester answered, and said no
    │   └── FunctionMissing    ... because it does not have this function
    ├── TransportError
    │   ├── TesterOffline      no connection; nothing was sent
    │   │   └── UnknownHost    ... because its host name cannot be resolved
    │   └── OutcomeUnknown     the request left, and what became of it is not known
    │       ├── NoReply
    │       ├── BadReply
    │       ├── TransferBroken the tester ended the transfer of a file that it had begun to take
    │       └── NotConfirmed   the tester said yes, and reading it does not show it
    ├── TooLarge               the tester has more to tell than its caller wants to take
    ├── JournalUnavailable     what must not be forgotten cannot be written down
    ├── BrokerError            the MQTT broker cannot be used; says what to do
    └── CommandStopped         the bridge itself decided not to send a command's request
        ├── Rejected
        ├── Expired
        └── Superseded

What to do follows from the class: `TesterOffline` may be tried again, `TesterRefused` will be
refused again, and after `OutcomeUnknown` the tester's state has to be read before anything else.
Every class carries the `code` and `category` that its acknowledgement shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self


class MacNetBridgeError(Exception):
    """Base of all errors of this package.

    Attributes:
        code: upper-case word, as acknowledgements show it.
        category: `schema`, `auth`, `precondition`, `limit`, `device`, `transport` or `internal`.
        field: path of the offending value, such as `args.c_rate_ah`, or None.
        retryable: whether the same request, under a new id, may succeed later.
    """

    __test__ = False  # "TesterRefused" is no test case, whatever pytest makes of the name

    code: str = "INTERNAL"
    category: ClassVar[str] = "internal"
    retryable: bool = False
    field: str | None = None


class ConfigError(MacNetBridgeError):
    """The configuration is wrong. The message is one line that says what to change."""

    code = "CONFIG"


class InvalidRequest(MacNetBridgeError):
    """A value that the wire cannot carry; nothing was sent."""

    code = "BAD_ARGS"
    category = "schema"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Malformed(MacNetBridgeError):
    """Bytes that are not a MacNet message, or not the one that was due."""

    code = "BAD_REPLY"
    category = "transport"


class TesterRefused(MacNetBridgeError):
    """The tester answered with a failure.

    Attributes:
        fclass, fnum: the MacNet function.
        result: the result code or text of the tester, None where it sent neither.
    """

    code = "MACNET_ERROR"
    category = "device"

    def __init__(
        self,
        message: str,
        *,
        fclass: int,
        fnum: int,
        result: int | str | None = None,
        code: str = "MACNET_ERROR",
    ) -> None:
        super().__init__(message)
        self.fclass = fclass
        self.fnum = fnum
        self.result = result
        self.code = code

    def with_details(self, texts: Sequence[str]) -> Self:
        """The same refusal, with what else the tester says of it."""
        message = f"{self}: {'; '.join(texts)}" if texts else str(self)
        return type(self)(message, fclass=self.fclass, fnum=self.fnum, result=self.result, code=self.code)


class FunctionMissing(TesterRefused):
    """The tester does not have this function."""


class TransportError(MacNetBridgeError):
    """The connection to a tester failed."""

    code = "TESTER_OFFLINE"
    category = "transport"
    retryable = True


class TesterOffline(TransportError):
    """No connection to the tester; nothing was sent."""


class UnknownHost(TesterOffline):
    """The tester's host name cannot be resolved."""


class OutcomeUnknown(TransportError):
    """The request left, and the answer does not tell what became of it."""

    code = "NO_REPLY"
    retryable = False


class NoReply(OutcomeUnknown):
    """The request left and no reply came within the time limit."""


class BadReply(OutcomeUnknown):
    """The request left and what came back is not its reply."""

    code = "BAD_REPLY"


class TransferBroken(OutcomeUnknown):
    """The tester broke off the transfer of a file after it had agreed to it."""

    code = "FILE_ERROR"
    category = "device"


class NotConfirmed(OutcomeUnknown):
    """The tester said yes, and within the time limit its state did not show it."""

    code = "NOT_CONFIRMED"


class TooLarge(MacNetBridgeError):
    """The tester has more to tell than the caller said that it would take."""

    code = "TOO_LARGE"
    category = "schema"


class JournalUnavailable(MacNetBridgeError):
    """The journal cannot be written or read: the disk is full or fails, or the file is damaged."""

    code = "JOURNAL_UNAVAILABLE"
    retryable = True


class BrokerError(MacNetBridgeError):
    """The MQTT broker cannot be used. The message is one line that says what to do."""

    code = "BROKER"


COMMAND_CODES: dict[str, str] = {
    **dict.fromkeys(
        ("BAD_JSON", "BAD_ARGS", "BAD_TOPIC", "UNKNOWN_VERB", "TOO_LARGE", "MISSING_ID", "ID_REUSED"),
        "schema",
    ),
    "NOT_ALLOWED": "auth",
    **dict.fromkeys(
        (
            "RETAINED",
            "EXPIRED",
            "NOT_SERVED",
            "CHANNEL_BUSY",
            "LOCKED",
            "EXPECT_FAILED",
            "NO_LEASE",
            "STOPPED",
            "CANCELLED",
            "BUSY",
        ),
        "precondition",
    ),
    **dict.fromkeys(("OUT_OF_LIMITS", "NO_LIMITS"), "limit"),
    **dict.fromkeys(("SAFETY_MISMATCH", "NOT_CONFIRMED"), "device"),
    **dict.fromkeys(("TESTER_OFFLINE", "NO_REPLY", "BAD_REPLY"), "transport"),
    **dict.fromkeys(("JOURNAL_UNAVAILABLE", "INTERNAL"), "internal"),
}
"""The bridge's own codes and their categories; the tester's result codes come on top."""

RETRYABLE_CODES = frozenset({"CHANNEL_BUSY", "BUSY", "EXPIRED", "TESTER_OFFLINE", "STOPPED", "CANCELLED"})
"""Codes after which the same command, under a new id, may succeed."""


class CommandStopped(MacNetBridgeError):
    """The bridge decided not to send a command's deciding request.

    Attributes:
        status: the acknowledgement's status.
    """

    status: ClassVar[Literal["rejected", "expired", "superseded"]] = "rejected"

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.retryable = code in RETRYABLE_CODES


class Rejected(CommandStopped):
    """Schema, permission, limit, precondition, retained, or missing id."""


class Expired(CommandStopped):
    """The deadline passed before the deciding request was sent."""

    status = "expired"

    def __init__(self, message: str) -> None:
        super().__init__("EXPIRED", message)


class Superseded(CommandStopped):
    """A stop or a newer setpoint took this command's place."""

    status = "superseded"
