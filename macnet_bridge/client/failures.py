"""What a command can end with, but for being done: one class for each category of the contract.

CommandFailed
├── BadCommand          schema: the command itself is wrong
├── NotAllowed          auth: no rule of the bridge lets this user do it
├── PreconditionFailed  precondition: channel, lease, deadline or `expect` are against it
├── LimitExceeded       limit: outside the envelope, or there is none
├── DeviceRefused       device: the tester said no
├── TesterUnreachable   transport: no connection to the tester, or no good reply
├── BridgeFailed        internal: the bridge's disk, or a fault of the bridge
└── UnknownOutcome      it was sent to the tester, and nothing tells what became of it
NoAnswer                no final acknowledgement came: what became of it is not known here
NotAllStopped           `suspend_all` alone: a bridge says other than done, or nothing
LeaseOver               `direct` alone: the lease ended before anybody had it
NothingPublished        what was asked for is not retained: no bridge or cycler of that name has been there
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import ClassVar

from msgspec import UNSET

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.payloads.acknowledgements import Acknowledgement, MacNetResult, PartResult, Problem, Status


class CommandFailed(MacNetBridgeError):
    """The final acknowledgement says other than `done`.

    Attributes:
        acknowledgement: all of it; of a command for several channels, `results` has each of them.
        status: `rejected`, `expired`, `failed`, `superseded` or `unknown`.
        message: the bridge's own words.
        macnet: the MacNet function that refused and its result, or None.
    """

    category: ClassVar[str] = "internal"

    def __init__(self, acknowledgement: Acknowledgement) -> None:
        problem = problem_of(acknowledgement)
        self.acknowledgement = acknowledgement
        self.status: Status = acknowledgement.status
        self.code = problem.code if problem else "INTERNAL"
        self.message = problem.message if problem else "the bridge does not say why"
        self.retryable = problem.retryable if problem else False
        self.field = problem.field if problem and problem.field is not UNSET else None
        self.macnet: MacNetResult | None = problem.macnet if problem and problem.macnet is not UNSET else None
        super().__init__(f"{acknowledgement.command} {self.status}, {self.code}: {self.message}")


class BadCommand(CommandFailed):
    """The command itself is wrong; `field` says where."""

    category = "schema"


class NotAllowed(CommandFailed):
    """No rule of the bridge allows this user to do it."""

    category = "auth"


class PreconditionFailed(CommandFailed):
    """The state of the channel, its lease, the deadline or `expect` are against it. It was not sent."""

    category = "precondition"


class LimitExceeded(CommandFailed):
    """It leaves the envelope of the channel, or there is no envelope. It was not sent."""

    category = "limit"


class DeviceRefused(CommandFailed):
    """The tester said no; `macnet` has the function and its result."""

    category = "device"


class TesterUnreachable(CommandFailed):
    """No connection to the tester, or no good reply from it."""

    category = "transport"


class BridgeFailed(CommandFailed):
    """The bridge cannot write its journal, or met a fault of its own."""

    category = "internal"


class UnknownOutcome(CommandFailed):
    """It was sent, and neither a reply nor a read-back could tell what became of it.

    The bridge does not repeat it; `query` with its id tells when it is settled later.
    """

    category = "unknown"


class NoAnswer(MacNetBridgeError):
    """No final acknowledgement came until the deadline and a margin had passed, or the client was closed.

    Whether the command was carried out is not known here. The bridge knows: ask it with
    `lab.bridge(NAME).query(id=error.id)`, or send the same command with the same id again.

    Attributes:
        id: of the command.
        topic: where it was published.
        deliveries: how often it was handed to the broker; 0: it never left this program.
        why: what bridges tell of it, such as that none of them has this cycler; may be empty.
    """

    code = "NO_ANSWER"
    category = "transport"

    def __init__(self, command_id: str, topic: str, deliveries: int, why: str = "") -> None:
        self.id = command_id
        self.topic = topic
        self.deliveries = deliveries
        self.why = why
        super().__init__(
            f"no answer to {topic}, sent {deliveries} time{'s' * (deliveries > 1)}: the outcome is unknown; "
            f"ask with lab.bridge(NAME).query(id={command_id!r}), or send it again with that id"
            f"{f' ({why})' if why else ''}"
            if deliveries
            else f"the command for {topic} was not sent: there was no connection to the broker"
        )


class NotAllStopped(MacNetBridgeError):
    """Something that was to be suspended with everything else is not known to be.

    Attributes:
        answers: the summary of each bridge that answered, by its name; those that are not `done`
            have in `results` what they could not stop.
        silent: names of bridges that say that they are online and did not answer in time.
    """

    code = "NOT_ALL_STOPPED"
    category = "device"

    def __init__(self, answers: Mapping[str, Acknowledgement], silent: Set[str]) -> None:
        self.answers = dict(answers)
        self.silent = frozenset(silent)
        said = [f"{name} says {answer.status}" for name, answer in sorted(answers.items())]
        super().__init__(
            f"not all is stopped: {', '.join([*said, *(f'{name} says nothing' for name in sorted(silent))])}"
        )


class LeaseOver(MacNetBridgeError):
    """Direct control began and is over: the bridge restarted in between. The channel is stopped."""

    code = "NO_LEASE"
    category = "precondition"
    retryable = True


class NothingPublished(MacNetBridgeError):
    """The broker has nothing retained on this topic.

    Attributes:
        topic: which one.
    """

    code = "NO_ANSWER"
    category = "transport"

    def __init__(self, topic: str, timeout_s: float) -> None:
        self.topic = topic
        super().__init__(
            f"nothing came on {topic} within {timeout_s:g} s: look at the name, and whether its bridge runs"
        )


_BY_CATEGORY: dict[str, type[CommandFailed]] = {
    kind.category: kind
    for kind in (
        BadCommand,
        NotAllowed,
        PreconditionFailed,
        LimitExceeded,
        DeviceRefused,
        TesterUnreachable,
        BridgeFailed,
    )
}


def failure_of(acknowledgement: Acknowledgement) -> CommandFailed:
    """The error for a final acknowledgement that is not `done`."""
    if acknowledgement.status == "unknown":
        return UnknownOutcome(acknowledgement)
    problem = problem_of(acknowledgement)
    return _BY_CATEGORY.get(problem.category if problem else "", CommandFailed)(acknowledgement)


def problem_of(acknowledgement: Acknowledgement) -> Problem | None:
    """Its error; of a summary, that of the first channel with the summary's status."""
    if acknowledgement.error is not UNSET:
        return acknowledgement.error
    parts: list[PartResult] = [] if acknowledgement.results is UNSET else acknowledgement.results
    for part in parts:
        if part.status == acknowledgement.status and part.error is not UNSET:
            return part.error
    return None
