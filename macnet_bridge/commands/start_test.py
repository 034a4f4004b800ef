"""`start_test` and `check_start`: a test from the beginning of its procedure, and its name."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import Any

from macnet_bridge.commands.actions import wanted_limits
from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.starting import Start, carry_out, check, check_request
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.payloads.arguments import WINDOWS_DEVICE, CommonStartArguments, StartTestArguments

StartJob = Job[StartTestArguments]

GENERATED_NAME = "Random"
"""The test name by which MacNet is asked to make one up."""

_NAME_LENGTH = 25
_HASH_LENGTH = 12
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


async def check_start(job: StartJob) -> Done:
    """Ask the tester whether a test could start, within its limits. MacNet (6, 11)"""
    request = check_request(start_request(job))
    await wanted_limits(job, job.args.safety)
    await check(job, request, job.deciding)
    return Done({"test_name": request.test_name})


async def start_test(job: StartJob) -> Done:
    """Start a test. MacNet (6, 10), (6, 11), (6, 2), read back by (4, 7) and (4, 6)"""
    request = start_request(job)
    send = partial(job.tester.cycler.start_test, job.channel, request)
    mark = key_hash(job.ticket.key)
    return await carry_out(job, Start(send, check_request(request), request.test_name, mark))


def start_request(job: StartJob) -> m.StartTest:
    """The request of a start, every default filled in.

    Raises:
        Rejected: BAD_ARGS, no C-rate, or the name that asks for a random one.
    """
    args = job.args
    return m.StartTest(
        test_name=name_of(job),
        procedure=args.procedure,
        comment=comment_of(job),
        c_rate_ah=c_rate_of(job),
        chamber=args.chamber,
        start_cycle=args.start_cycle,
        total_cycles=args.total_cycles,
        mass_gram=args.mass_gram,
    )


def c_rate_of(job: Job[Any]) -> float:
    """The capacity in Ah that 1 C stands for. Raises Rejected when nothing says it."""
    args: CommonStartArguments = job.args
    c_rate_ah = args.c_rate_ah or job.rules.c_rate_ah
    if not c_rate_ah:
        raise Rejected("BAD_ARGS", "args.c_rate_ah: missing, and not configured", "args.c_rate_ah")
    return c_rate_ah


def comment_of(job: Job[Any]) -> str:
    """The comment of a start, with the mark of its key at the end."""
    return f"{job.args.comment} #{key_hash(job.ticket.key)}".strip()


def name_of(job: Job[Any]) -> str:
    """The name that a start asks for, or one that is made from its id.

    Raises:
        Rejected: it is the name that asks for a random one.
    """
    name: str = job.args.test_name or ""
    if name.casefold() == GENERATED_NAME.casefold():
        raise Rejected(
            "BAD_ARGS",
            "args.test_name: the tester takes this as a wish for any name; leave it out to get one",
            "args.test_name",
        )
    mark = key_hash(job.ticket.key)
    own_id = job.ticket.id or mark
    if job.ticket.whole is not None:  # names are unique, and the id is that of all its channels
        own_id = f"{own_id}-{job.ticket.channel}"
    return name or name_from_id(own_id, mark)


def key_hash(key: Any) -> str:
    """Twelve characters that stand for a command's key in the tester's own records."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:_HASH_LENGTH]


def name_from_id(command_id: str, mark: str) -> str:
    """A legal, unique test name that a person can still match with the command's id."""
    readable = _NOT_IN_NAMES.sub("-", command_id).strip("-")
    taken = re.fullmatch(rf"{WINDOWS_DEVICE}|(?i:{GENERATED_NAME})", readable)
    if readable == command_id and len(readable) <= _NAME_LENGTH and not taken:
        return readable
    return f"{readable[: _NAME_LENGTH - _HASH_LENGTH - 1]}-{mark}".lstrip("-")
