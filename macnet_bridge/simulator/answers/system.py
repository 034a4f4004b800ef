"""What a simulated tester says and does as a whole: MacNet (1, 3), (1, 4), (5, 1), (6, 12) and class 8."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import (
    CheckMessage,
    Empty,
    GlobalFlags,
    Login,
    NewGlobalFlags,
    Outcome,
    ProcedureExists,
    ProcedureName,
    TestName,
    TestNameExists,
)
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Tester

_DONE, _FAILED = Outcome(result=1), Outcome(result=0)  # class 8 alone has 1 for success
_WORDS = {True: "TRUE", False: "FALSE"}


def check_login(tester: Tester, session: Session, fclass: int) -> None:
    """Refuse what needs a log-in, when log-in is on: everything but echo and log-in itself.

    Raises:
        BadRequest: `MacNet error`; what a tester really answers is not documented.
    """
    if tester.behaviour.users and not session.is_logged_in and fclass not in (0, 8):
        raise BadRequest(BadRequest.MACNET_ERROR)


def login(tester: Tester, session: Session, body: Login, now: float) -> Outcome:
    """MacNet (8, 1). Where log-in is off, everybody passes."""
    users = tester.behaviour.users
    session.is_logged_in = not users or users.get(body.user) == body.password
    return _DONE if session.is_logged_in else _FAILED


def logout(tester: Tester, session: Session, body: Empty, now: float) -> Outcome:
    """MacNet (8, 2)."""
    was_logged_in = session.is_logged_in or not tester.behaviour.users
    session.is_logged_in = False
    return _DONE if was_logged_in else _FAILED


def procedure_exists(tester: Tester, session: Session, body: ProcedureName, now: float) -> ProcedureExists:
    """MacNet (1, 3): one that it always has, or a file, whether that can be run or not."""
    return ProcedureExists(answer=_WORDS[body.procedure in tester.procedures])


def test_name_exists(tester: Tester, session: Session, body: TestName, now: float) -> TestNameExists:
    """MacNet (1, 4): looks into the archive only."""
    return TestNameExists(answer=_WORDS[tester.archive.has(body.test_name)])


def set_global_flags(tester: Tester, session: Session, body: GlobalFlags, now: float) -> NewGlobalFlags:
    """MacNet (5, 1)."""
    tester.global_flags = body.flags
    return NewGlobalFlags(global_flags=f"0x{tester.global_flags:08X}")


def check_messages(tester: Tester, session: Session, body: Empty, now: float) -> CheckMessage:
    """MacNet (6, 12): each message once, then an empty one."""
    return CheckMessage(text=tester.check_messages.popleft() if tester.check_messages else "")
