"""`advanced_start`: a test in the middle of its procedure, or one from the archive that goes on."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from msgspec import UNSET, UnsetType, structs

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.start_test import c_rate_of, comment_of, key_hash, name_of
from macnet_bridge.commands.starting import Start, carry_out, check_request
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import AdvancedOption
from macnet_bridge.payloads.arguments import AdvancedStartArguments

AdvancedJob = Job[AdvancedStartArguments]
N = TypeVar("N", int, float)

DEFAULT = -1
"""By which MacNet leaves a number to the tester or to the archived test."""

_NEED_APPEND_TO = ("use_archived_procedure", "add_shelf_time", "remove_records")


async def advanced_start(job: AdvancedJob) -> Done:
    """Start a test. MacNet (6, 10), (6, 11), (6, 13), read back by (4, 7) and (4, 6)

    The tester deselects all other channels.
    """
    _check_combination(job.args)
    archived, new_name = job.args.append_to or "", name_of(job)
    test_name = _test_of(archived) if archived else new_name
    request = _request(job, test_name)
    check: m.CheckStart | None = check_request(request)
    if job.args.use_archived_procedure:
        check = None  # MacNet does not tell which procedure that is
    elif archived:
        # The check knows new tests only, and would find the archived test in the way.
        check = structs.replace(check_request(request), test_name=new_name)
    send = partial(job.tester.cycler.advanced_start, job.channel, request)
    other_names = (archived,) if archived else ()
    return await carry_out(job, Start(send, check, test_name, key_hash(job.ticket.key), other_names))


def _check_combination(args: AdvancedStartArguments) -> None:
    if args.append_to is UNSET:
        for name in _NEED_APPEND_TO:
            if getattr(args, name):
                raise _impossible(name, "needs append_to, the archived test that it is about")
    elif args.test_name is not UNSET:
        raise _impossible("test_name", "the test goes on under the name that it has; leave it out")
    if args.procedure is UNSET and not args.use_archived_procedure:
        raise _impossible(
            "procedure", "needed, unless use_archived_procedure takes that of the archived test"
        )


def _impossible(name: str, why: str) -> Rejected:
    return Rejected("BAD_ARGS", f"args.{name}: {why}", f"args.{name}")


def _request(job: AdvancedJob, test_name: str) -> m.AdvancedStart:
    args = job.args
    loops = [DEFAULT] * 4 if isinstance(args.remaining_loops, UnsetType) else args.remaining_loops
    return m.AdvancedStart(
        test_name=test_name,
        procedure=args.procedure or "",
        comment=comment_of(job),
        c_rate_ah=c_rate_of(job),
        chamber=args.chamber,
        options=_options(args),
        archived_test_name=args.append_to or "",
        remove_last_records=args.remove_records,
        test_time_second=_given(args.test_time_second),
        step_time_second=_given(args.step_time_second),
        test_step=_given(args.step_id),
        cycle=_given(args.cycle_count),
        remaining_loop_1=loops[0],
        remaining_loop_2=loops[1],
        remaining_loop_3=loops[2],
        remaining_loop_4=loops[3],
        capacity_ah=_given(args.capacity_ah),
        energy_wh=_given(args.energy_wh),
    )


def _options(args: AdvancedStartArguments) -> int:
    wanted = {
        AdvancedOption.APPEND: args.append_to is not UNSET,
        AdvancedOption.ARCHIVED_PROCEDURE: args.use_archived_procedure,
        AdvancedOption.ADD_SHELF_TIME: args.add_shelf_time,
    }
    return sum(int(option) for option, is_wanted in wanted.items() if is_wanted)


def _given(value: N | UnsetType) -> N | int:
    return DEFAULT if isinstance(value, UnsetType) else value


def _test_of(file_name: str) -> str:
    """The name of the test whose data are in this file of the archive: less its channel's number."""
    return file_name.rpartition(".")[0] or file_name
