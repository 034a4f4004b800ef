"""`macnet`: any function of MacNet that only reads, with its own names."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.reads import ask_for
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message
from macnet_bridge.payloads.arguments import MacNetArguments
from macnet_bridge.payloads.mistakes import bad_arguments
from macnet_bridge.topics import Scope

_FROM_THE_TOPIC = frozenset({"FClass", "FNum", "Chan"})
_OWN_VERBS = {f.GET_FILE: "get_file", f.SEND_FILE: "put_file"}


async def macnet(job: Job[MacNetArguments]) -> Done:
    """Any MacNet function of the table that changes nothing."""
    function = _function(job.args, job.verb.scope)
    request = _request(job, function)
    reply = msgspec.to_builtins(await ask_for(job, function, request))
    return Done({name: value for name, value in reply.items() if value is not None})


def _function(args: MacNetArguments, scope: Scope) -> f.Function[Any, Any]:
    """The row that is meant.

    Raises:
        Rejected: there is none, it does more than to read, or it belongs to another topic.
    """
    function = f.FUNCTIONS.get((args.fclass, args.fnum))
    if function is None:
        raise _refused(f"MacNet has no function ({args.fclass}, {args.fnum})")
    if function in _OWN_VERBS:
        raise _refused(f"{function} is a conversation of many messages; use {_OWN_VERBS[function]}")
    if function.effect is not f.Effect.READS:
        raise _refused(f"{function} changes something, and this verb only reads; use the verb for it")
    is_of_cycler = function.target is f.Target.SYSTEM
    if is_of_cycler is not (scope is Scope.CYCLER):
        where = "the cycler: publish to …/CYCLER/cmd" if is_of_cycler else "a channel: publish to its topic"
        raise _refused(f"{function} is of {where}")
    return function


def _request(job: Job[MacNetArguments], function: f.Function[Any, Any]) -> Message:
    params = job.args.params
    kind: type[Message] = function.request
    known = wire_names(kind).keys() - (function.binary_only if function.json else ())
    for name in params:
        if name in _FROM_THE_TOPIC:
            raise _refused(f"{name} is said by fclass, fnum and the topic", name)
        if name not in known:
            there_are = ", ".join(sorted(known)) or "none"
            raise _refused(f"unknown parameter; {function} has {there_are}", name)
    try:
        request = msgspec.convert(params, kind)
    except msgspec.ValidationError as error:
        raise bad_arguments(error, "args.params") from None
    if isinstance(request, ChannelRange):
        _check_range(job, request.count)
    return request


def _check_range(job: Job[MacNetArguments], count: int) -> None:
    """A function for several channels reads those that follow, too."""
    last = job.channel + count - 1
    if not all(job.tester.serves(channel) for channel in range(job.channel, last + 1)):
        raise _refused(f"channels {job.channel} to {last} are not all served", "Len")


def _refused(why: str, parameter: str | None = None) -> Rejected:
    field = f"args.params.{parameter}" if parameter else "args.fnum"
    return Rejected("BAD_ARGS", f"{field}: {why}", field)
