"""The table of verbs: name, scope, arguments, and what carries it out."""

from __future__ import annotations

import difflib
from typing import Any

from macnet_bridge.commands import actions, direct, files, locks, reads, replies, smart_battery
from macnet_bridge.commands import start_test as start
from macnet_bridge.commands.advanced_start import advanced_start
from macnet_bridge.commands.cancel import cancel
from macnet_bridge.commands.global_flags import set_global_flags
from macnet_bridge.commands.job import Verb
from macnet_bridge.commands.log_level import set_log_level
from macnet_bridge.commands.macnet import macnet
from macnet_bridge.commands.query import query
from macnet_bridge.payloads.arguments import (
    AdvancedStartArguments,
    CancelArguments,
    GetFileArguments,
    ListFilesArguments,
    LockArguments,
    MacNetArguments,
    NameArguments,
    NoArguments,
    PutFileArguments,
    QueryArguments,
    ResetArguments,
    SetGlobalFlagsArguments,
    SetLogLevelArguments,
    SetSafetyLimitsArguments,
    SetVariableArguments,
    StartTestArguments,
)
from macnet_bridge.payloads.envelope import MAX_FILE_PAYLOAD_BYTES
from macnet_bridge.payloads.results import (
    AuxInputs,
    BridgeVersion,
    CommandKnown,
    Exists,
    FileFetched,
    FileList,
    FileOutline,
    FlagsSet,
    Locked,
    LogLevelSet,
    RoundTrip,
    SafetySet,
    StateShown,
    TestNamed,
    Unlocked,
    VariableSet,
    Withdrawn,
)
from macnet_bridge.payloads.telemetry import Measured
from macnet_bridge.topics import Scope

_CHANNEL, _CYCLER = Scope.CHANNEL, Scope.CYCLER

VERBS: dict[tuple[Scope, str], Verb[Any]] = {
    (verb.scope, verb.name): verb
    for verb in (
        Verb(
            "start_test",
            _CHANNEL,
            StartTestArguments,
            TestNamed,
            start.start_test,
            starts=True,
            needs_id=True,
        ),
        Verb("check_start", _CHANNEL, StartTestArguments, TestNamed, start.check_start, reads=True),
        Verb("suspend", _CHANNEL, NoArguments, StateShown, actions.suspend, stops=True, ends_lease=True),
        Verb("resume", _CHANNEL, NoArguments, StateShown, actions.resume, starts=True, needs_id=True),
        Verb("reset", _CHANNEL, ResetArguments, StateShown, actions.reset, needs_id=True, ends_lease=True),
        Verb("set_variable", _CHANNEL, SetVariableArguments, VariableSet, actions.set_variable),
        Verb("set_safety_limits", _CHANNEL, SetSafetyLimitsArguments, SafetySet, actions.set_safety_limits),
        Verb("read_status", _CHANNEL, NoArguments, Measured, reads.read_status, reads=True),
        Verb("read_aux", _CHANNEL, NoArguments, AuxInputs, reads.read_aux, reads=True),
        Verb("read_variables", _CHANNEL, NoArguments, replies.VARIABLES, reads.read_variables, reads=True),
        Verb("read_test_info", _CHANNEL, NoArguments, replies.TEST_INFO, reads.read_test_info, reads=True),
        Verb(
            "read_specification",
            _CHANNEL,
            NoArguments,
            replies.SPECIFICATION,
            reads.read_specification,
            reads=True,
        ),
        Verb("read_system_info", _CYCLER, NoArguments, replies.VERSIONS, reads.read_system_info, reads=True),
        Verb("read_general_info", _CYCLER, NoArguments, replies.SYSTEM, reads.read_general_info, reads=True),
        Verb("ping", _CYCLER, NoArguments, RoundTrip, reads.ping, reads=True),
        Verb("ping", Scope.BRIDGE, NoArguments, BridgeVersion, reads.ping_bridge, reads=True),
        Verb("query", Scope.BRIDGE, QueryArguments, CommandKnown, query, reads=True),
        Verb("cancel", Scope.BRIDGE, CancelArguments, Withdrawn, cancel, reads=True),
        Verb("set_log_level", Scope.BRIDGE, SetLogLevelArguments, LogLevelSet, set_log_level, reads=True),
        Verb("suspend", Scope.ALL, NoArguments, StateShown, actions.suspend, stops=True, ends_lease=True),
        Verb("lock", _CHANNEL, LockArguments, Locked, locks.lock),
        Verb("unlock", _CHANNEL, NoArguments, Unlocked, locks.unlock),
        Verb(
            "advanced_start",
            _CHANNEL,
            AdvancedStartArguments,
            TestNamed,
            advanced_start,
            starts=True,
            needs_id=True,
        ),
        Verb("archive", _CHANNEL, NoArguments, StateShown, actions.archive, needs_id=True, ends_lease=True),
        Verb("read_end_status", _CHANNEL, NoArguments, replies.END_STATUS, reads.read_end_status, reads=True),
        Verb(
            "read_calibration", _CHANNEL, NoArguments, replies.CALIBRATION, reads.read_calibration, reads=True
        ),
        Verb("macnet", _CHANNEL, MacNetArguments, dict[str, Any], macnet, reads=True),
        Verb("macnet", _CYCLER, MacNetArguments, dict[str, Any], macnet, reads=True),
        Verb("procedure_exists", _CYCLER, NameArguments, Exists, reads.procedure_exists, reads=True),
        Verb("test_name_exists", _CYCLER, NameArguments, Exists, reads.test_name_exists, reads=True),
        Verb("set_global_flags", _CYCLER, SetGlobalFlagsArguments, FlagsSet, set_global_flags),
        Verb(
            "list_files",
            _CYCLER,
            ListFilesArguments,
            FileList,
            files.list_files,
            reads=True,
            answer_bytes=files.MAX_FILE_ANSWER_BYTES,
        ),
        Verb(
            "get_file",
            _CYCLER,
            GetFileArguments,
            FileFetched,
            files.get_file,
            reads=True,
            answer_bytes=files.MAX_FILE_ANSWER_BYTES,
        ),
        Verb(
            "put_file",
            _CYCLER,
            PutFileArguments,
            FileOutline,
            files.put_file,
            needs_id=True,
            payload_bytes=MAX_FILE_PAYLOAD_BYTES,
        ),
    )
} | {(verb.scope, verb.name): verb for verb in (*smart_battery.VERBS, *direct.VERBS)}
"""All verbs by scope and name."""


_PLACES = {
    Scope.CHANNEL: "a channel: publish to …/CYCLER/CHANNEL",
    Scope.CYCLER: "the cycler: publish to …/CYCLER",
    Scope.BRIDGE: "the bridge: publish to …/bridge/BRIDGE",
    Scope.ALL: "all: publish to …/all",
}


STOPS = frozenset(verb.name for verb in VERBS.values() if verb.stops)
"""Names of the verbs that stop."""


def verb_names(scope: Scope) -> list[str]:
    """The verbs of a scope."""
    return [name for of, name in VERBS if of is scope]


def no_such_verb(scope: Scope, verb: str, list_topic: str) -> str:
    """What to say of a verb that a scope does not have.

    Args:
        list_topic: where the verbs that there are can be read.
    """
    if elsewhere := [of for of, name in VERBS if name == verb]:
        return f"{verb} is of {', or of '.join(f'{_PLACES[of]}/cmd/{verb}' for of in elsewhere)}"
    near = difflib.get_close_matches(verb, verb_names(scope), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"{list_topic} lists them"
    whom = "all" if scope is Scope.ALL else f"a {scope.value}"
    return f"no verb {verb!r} for {whom}; {hint}"
