"""One command for several channels: its parts, and the summary of what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec import UNSET, Raw, structs

from macnet_bridge.commands.command import Command
from macnet_bridge.commands.permission import parse_channels
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.errors import ConfigError, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement, PartResult, Status
from macnet_bridge.tester import Tester

Place = tuple[str, int | None]
"""A cycler's name and channel; None for the cycler as a whole."""

MAX_CHANNELS = 1024
"""Of one command: more than any cycler has."""

WORST_FIRST: tuple[Status, ...] = ("unknown", "failed", "expired", "superseded", "rejected", "done")
PLACEHOLDER = "{channel}"


class Rehearsal:
    """All parts of an atomic command are checked before any of them is carried out."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._waiting: list[Command] = []
        self._go = False
        self._failure: str | None = None

    async def __call__(self, command: Command) -> None:
        """Check one part, and wait for the others.

        Raises:
            Rejected: this part would be refused, or another one; none is carried out.
            Superseded, Expired: it is not wanted any more.
        """
        answer = await command.rehearsal()
        command.job.still_wanted()
        if answer.error is not UNSET:
            field = None if answer.error.field is UNSET else answer.error.field
            raise Rejected(answer.error.code, answer.error.message, field)
        self._waiting.append(command)
        if len(self._waiting) == self._parts:
            self._decide()
        while not self._go and self._failure is None:
            await command.hold()
        if self._failure is not None:
            raise Rejected("CANCELLED", self._failure)

    def fail(self, failure: str) -> None:
        """A part of it ended before all were checked."""
        if not self._go and self._failure is None:
            self._failure = failure
            self._release()

    def _decide(self) -> None:
        """All were checked; one of those that waited may have been stopped in this very moment."""
        if not any(command.job.validity.is_ended for command in self._waiting):
            self._go = self._failure is None
            self._release()
        else:
            self.fail("atomic, so none was carried out: one channel was stopped or cancelled")

    def _release(self) -> None:
        for command in self._waiting:
            command.job.validity.wake()


class Group:
    """The parts of one command that are on their way. `finish` is called once, with the summary."""

    def __init__(
        self,
        ticket: Ticket,
        clock: Clock,
        finish: Callable[[Acknowledgement], None],
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self.rehearsal = rehearsal
        self._ticket = ticket
        self._clock = clock
        self._finish = finish
        self._answers: dict[Place, Acknowledgement | None] = {}

    def expect(self, places: Iterable[Place]) -> None:
        """There are parts at these places."""
        self._answers.update(dict.fromkeys(places))

    def replace(self, place: Place, places: Iterable[Place]) -> None:
        """What was one place turned out to be these."""
        del self._answers[place]
        self.expect(places)

    def note(self, place: Place, answer: Acknowledgement) -> None:
        """One part has ended."""
        self._answers[place] = answer
        if self.rehearsal is not None and answer.error is not UNSET:
            why = f"{_name(place)}: {answer.error.code}: {answer.error.message}"
            self.rehearsal.fail(f"atomic, so none was carried out, because of {why}")
        answers = [(at, found) for at, found in self._answers.items() if found is not None]
        if len(answers) == len(self._answers):
            self._finish(summary(self._ticket, answers, self._clock))


def summary(ticket: Ticket, answers: list[tuple[Place, Acknowledgement]], clock: Clock) -> Acknowledgement:
    """The acknowledgement of the whole: the worst status of its parts, the first one's error with it."""
    place, worst = min(answers, key=lambda item: WORST_FIRST.index(item[1].status))
    whole = ticket.acknowledgement(worst.status, clock())
    error = worst.error
    if error is not UNSET:
        error = structs.replace(error, message=f"{_name(place)}: {error.message}", macnet=error.macnet)
    results = [_result(at, answer) for at, answer in answers]
    return structs.replace(whole, error=error, results=results)


def _result(place: Place, answer: Acknowledgement) -> PartResult:
    outcome = ("status", "result", "steps", "verified", "error")
    cycler, channel = place
    return PartResult(
        cycler=cycler,
        channel=UNSET if channel is None else channel,
        **{name: getattr(answer, name) for name in outcome},
    )


def _name(place: Place) -> str:
    cycler, channel = place
    return cycler if channel is None else f"{cycler}/{channel}"


def wanted_channels(given: list[int] | str, tester: Tester) -> list[int]:
    """The channels that are meant, in the order given, each once.

    Raises:
        Rejected: BAD_ARGS; TESTER_OFFLINE where "all" cannot be known.
    """
    if given == "all":
        if not tester.channels:
            raise Rejected("TESTER_OFFLINE", f"{tester.name} was not there yet; it has unknown channels")
        return tester.channels
    try:
        return listed_channels(given)
    except ConfigError as error:
        raise Rejected("BAD_ARGS", str(error), "channels") from None


def listed_channels(given: list[int] | str) -> list[int]:
    """The channels of one command, in the order given, each once; from "all" none.

    Raises:
        ConfigError: they cannot be read, or are too many or none at all.
    """
    if given == "all":
        return []
    channels = list(dict.fromkeys(given)) if isinstance(given, list) else sorted(parse_channels(given) or ())
    if not 1 <= len(channels) <= MAX_CHANNELS:
        raise ConfigError(f"channels: {len(channels)}; 1 to {MAX_CHANNELS}")
    return channels


def arguments_of(args: Raw, channel: int) -> Raw:
    """The arguments of one channel: `{channel}` in `test_name` stands for its number."""
    name = _test_name(args)
    if name is None or PLACEHOLDER not in name:
        return args
    content = msgspec.json.decode(args)
    content["test_name"] = name.replace(PLACEHOLDER, str(channel))
    return Raw(msgspec.json.encode(content))


def check_names(args: Raw, channels: list[int]) -> None:
    """Names of tests are unique, so several channels cannot have the same.

    Raises:
        Rejected: BAD_ARGS
    """
    name = _test_name(args)
    if name is not None and len(channels) > 1 and PLACEHOLDER not in name:
        why = f"several channels need {PLACEHOLDER} in it, which stands for the channel's number"
        raise Rejected("BAD_ARGS", f"args.test_name: {why}; or leave it out", "args.test_name")


def _test_name(args: Raw) -> str | None:
    try:
        content = msgspec.json.decode(args)
    except (msgspec.DecodeError, RecursionError):
        return None  # decoding the arguments tells what is wrong
    name = content.get("test_name") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None
