"""Verbs of the smart battery interface: one for each row of MacNet class 7, made from the row.

The row gives the verb its name, its arguments and its result, both with MacNet's own names in
lower case. What is here is what a row does not say: what must hold before a command, and what
the word of a register means. Whether a battery itself took part is known of none of the commands.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from macnet_bridge.commands import smart_battery_arguments as arguments
from macnet_bridge.commands.job import Done, Job, Verb
from macnet_bridge.commands.read_back import read_state
from macnet_bridge.commands.smart_battery_effects import ask, read_back, read_back_message
from macnet_bridge.errors import (
    MacNetBridgeError,
    OutcomeUnknown,
    Rejected,
    TesterRefused,
)
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol import smart_battery_data as data
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.functions import smart_battery
from macnet_bridge.payloads.arguments import Arguments
from macnet_bridge.topics import Scope

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)
Row = f.Function[Any, Any]
SbJob = Job[Arguments]

NOT_IN_SCAN_LIST = "NOT_IN_SCAN_LIST"
"""Code of a read of a register that is not polled, which testers answer with zeros."""


async def _decide(job: SbJob, row: f.Function[Q, R], request: Q) -> R:
    return await job.tester.cycler.call(
        row, job.channel, request, line=Line.COMMANDS, before_send=job.deciding
    )


async def _read(row: Row, job: SbJob) -> Done:
    """A verb that reads."""
    return Done(arguments.shown(await _decide(job, row, arguments.request_of(row, job.args))))


async def _change(row: Row, job: SbJob) -> Done:
    """A verb that changes something, read back where MacNet lets it be read."""
    request = arguments.request_of(row, job.args)
    arguments.check_transfer(request)
    if row in AVAILABLE_ONLY:
        await _require_available(job)
    reply, doubt = m.Empty(), None
    await job.about_to_send()
    try:
        reply = await _decide(job, row, request)
    except OutcomeUnknown as error:
        doubt = error
    await job.decide()
    shown = await read_back(row, job, request, doubt)
    if shown is not None:
        return Done(dict(shown), "read_back")
    if doubt:
        raise doubt
    return Done(arguments.shown(reply))


async def _require_available(job: SbJob) -> None:
    state = (await read_state(job)).state
    if state != ChannelState.AVAILABLE:
        raise Rejected(
            "CHANNEL_BUSY", f"the channel is {ChannelState.word(state)}; this needs one that is available"
        )


# --- one register, and what it means


async def _read_register(job: SbJob) -> Done:
    """MacNet (7, 4), and what the specification makes of the word."""
    row = f.SMB_READ_REGISTER
    request = arguments.request_of(row, job.args)
    reply = await _decide(job, row, request)
    if not reply.found:
        raise TesterRefused(
            f"register {request.register} is not in the scan list that is polled",
            fclass=row.fclass,
            fnum=row.fnum,
            code=NOT_IN_SCAN_LIST,
        )
    found = await _meaning(job, reply)
    return Done(arguments.shown(reply) | (found._asdict() if found else {}))


async def _meaning(job: SbJob, reply: m.RegisterValue) -> data.Meaning | None:
    """Name and value of a register, None where they are not known for certain."""
    word = reply.value.to_bytes(2, "little")
    if data.meaning(reply.register, word, data.Scales()) is None:
        return None
    try:
        setup = await ask(job, f.SMB_POSITION, m.Empty())
        device = setup.device_address if reply.device_address is None else reply.device_address
        if not data.is_standard(device, setup.bus_type):
            return None
        return data.meaning(reply.register, word, await _scales(job, reply))
    except MacNetBridgeError:
        return None


async def _scales(job: SbJob, reply: m.RegisterValue) -> data.Scales:
    """How the battery counts, asked where the register's unit hangs on it."""
    if not data.counts_capacity(reply.register):
        return data.Scales()
    request = m.ReadRegister(device_address=reply.device_address, register=data.BATTERY_MODE)
    mode = await ask(job, f.SMB_READ_REGISTER, request)
    return data.Scales.of({mode.register: mode.value} if mode.found else {})


AVAILABLE_ONLY: frozenset[Row] = frozenset(
    (f.SMB_READ_HEADER, f.SMB_SET_POSITION, f.SMB_WRITE_ENTRY, f.SMB_CLEAR_LIST, f.SMB_SAVE_LIST)
)
"""What MacNet takes while no test is on the channel."""


def _verb(row: Row) -> Verb[Arguments]:
    reads = row.effect is f.Effect.READS
    run = _read_register if row is f.SMB_READ_REGISTER else partial(_read if reads else _change, row)
    more = {"name": str, "value": data.Value} if row is f.SMB_READ_REGISTER else {}
    return Verb(
        verb_name(row),
        Scope.CHANNEL,
        arguments.arguments_of(row),
        arguments.result_of(row, read_back_message(row), more),
        run,
        reads=reads,
        needs_id=not reads,
    )


def verb_name(row: Row) -> str:
    """The verb of a row, which is also the name of its method in `AsyncCycler`."""
    return f"sb_{row.name.removeprefix('smb_')}"


VERBS: tuple[Verb[Any], ...] = tuple(map(_verb, smart_battery.ROWS))
"""The rows of the table of verbs."""
