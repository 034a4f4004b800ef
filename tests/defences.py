"""Proof that numbered tests can fail: defences of the client, each taken out, and what notices it.

For every row the one function that holds a defence is replaced, in a process of its own, and the
test that bears the number of the oddity is run there. It has to fail.

    python -m tests.defences                       the table, with the line that each test fails with
    python -m pytest tests/test_defences.py -s     the same, as a test
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PROJECT = Path(__file__).parents[1]
TESTS_FAILED = 1
"""Exit code of pytest when tests ran and some failed; others mean that they did not run."""

_TAKEN_OUT = "MACNET_DEFENCE_TAKEN_OUT"
_FAILURE = "E   "

Replaced = Callable[..., Any]


def _says_nothing(defence: Replaced) -> Replaced:
    return lambda *args, **kwargs: None


def _takes_len_as_bytes(defence: Replaced) -> Replaced:
    return lambda function, request, length, waiting=0: length


def _takes_the_number_as_it_is(defence: Replaced) -> Replaced:
    return lambda channel: channel


def _calls_all_limits_equal(defence: Replaced) -> Replaced:
    return lambda wanted, taken: True


def _rests_by_json(defence: Replaced) -> Replaced:
    from macnet_bridge.macnet.cycler import Line
    from macnet_bridge.macnet.protocol import functions, messages

    async def rest(self: Any, channel: int, before_send: Any = None) -> None:
        await self.call(functions.SET_OUTPUT, channel, messages.REST, line=Line.COMMANDS)

    return rest


def _reads_up_to_a_line_end(defence: Replaced) -> Replaced:
    def take(self: Any) -> bytes | None:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        self._buffer = rest
        return bytes(line)

    return type("LineFramer", (defence,), {"take": take})  # type: ignore[arg-type]


def _believes_the_tester(defence: Replaced) -> Replaced:
    from macnet_bridge.macnet.cycler import Line
    from macnet_bridge.macnet.protocol import functions, messages

    async def toggle(self: Any, *channels: int, before_send: Any = None) -> None:
        request = messages.ToggleSelection.of(*channels)
        await self.call(functions.SELECT, 1, request, line=Line.COMMANDS)

    return toggle


def _takes_the_sign_as_it_is(defence: Replaced) -> Replaced:
    return lambda self, current_ampere, step_code: current_ampere


class Defence(NamedTuple):
    """A defence that can be taken out.

    Attributes:
        number: of docs/quirks.md.
        taken_out: what the client does not do any more.
        place: the function that holds the defence, by module and name.
        patch: makes what stands in its place.
        test: the numbered test that has to notice.
        notices: what the test then says.
    """

    number: str
    taken_out: str
    place: str
    patch: Callable[[Replaced], Replaced]
    test: str
    notices: str


_CLIENT = "macnet_bridge.macnet"
_CYCLER = "macnet_bridge.macnet.cycler"
_PROTOCOL = "macnet_bridge.macnet.protocol"

DEFENCES = (
    Defence(
        "Q1",
        "the size of a bulk reply follows from the request; its Len may count channels",
        f"{_PROTOCOL}.binary:reply_data_bytes",
        _takes_len_as_bytes,
        "tests/protocol/test_quirks.py::test_q1_len_counts_channels_or_bytes",
        "assert 8 == 32",
    ),
    Defence(
        "Q4",
        "channels count from 1 here and from 0 on the wire",
        f"{_PROTOCOL}.function:to_wire",
        _takes_the_number_as_it_is,
        "tests/protocol/test_channels.py::test_q4_the_wire_channel_is_one_less",
        "assert",
    ),
    Defence(
        "Q15",
        "rest goes by the binary message",
        f"{_CYCLER}.commands:CommandCalls.rest",
        _rests_by_json,
        "tests/macnet/test_cycler.py::test_q15_rest_is_the_binary_message_on_the_right_channel",
        "Illegal value",
    ),
    Defence(
        "Q25",
        "the limits that a tester took are compared with those that were sent",
        f"{_CLIENT}:same_limits",
        _calls_all_limits_equal,
        "tests/macnet/test_cycler.py::test_q25_every_limit_is_compared",
        "assert not True",
    ),
    Defence(
        "Q38",
        "a reply has the id of the request",
        f"{_PROTOCOL}.jsonrpc.asking:_check_other_id",
        _says_nothing,
        "tests/macnet/test_connection.py::test_q38_an_earlier_id_is_a_bad_reply",
        "DID NOT RAISE",
    ),
    Defence(
        "Q40",
        "limits of current and power go out as magnitudes only",
        f"{_CYCLER}.commands:_refuse_signs",
        _says_nothing,
        "tests/macnet/test_quirks.py::test_q40_limits_are_sent_as_magnitudes_or_not_at_all",
        "DID NOT RAISE",
    ),
    Defence(
        "U3",
        "a reply ends with its last brace, not with a line end",
        f"{_CLIENT}.dialects:JsonFramer",
        _reads_up_to_a_line_end,
        "tests/macnet/test_connection.py::test_u3_split_and_pretty_replies",
        "not a MacNet message",
    ),
    Defence(
        "U6",
        "a result that is not known to be a yes is a no",
        f"{_PROTOCOL}.functions:check_result",
        _says_nothing,
        "tests/protocol/test_quirks.py::test_u6_results_that_refuse",
        "DID NOT RAISE",
    ),
    Defence(
        "U15",
        "a selection is read back, and taken back where it hit others",
        f"{_CYCLER}.selection:SelectionCalls.toggle_selection",
        _believes_the_tester,
        "tests/macnet/test_quirks.py::test_u15_a_selection_that_hits_others_is_taken_back",
        "DID NOT RAISE",
    ),
    Defence(
        "U20",
        "the step code gives a current its direction",
        "macnet_bridge.readings:CurrentSign.signed",
        _takes_the_sign_as_it_is,
        "tests/telemetry/test_readings.py::test_u20_discharging_is_negative_whatever_the_tester_reports",
        "assert",
    ),
)


def pytest_configure(config: pytest.Config) -> None:
    """As a plugin of the process that runs a numbered test: take the defence out."""
    for defence in DEFENCES:
        if defence.number == os.environ.get(_TAKEN_OUT):
            _take_out(defence)


def _take_out(defence: Defence) -> None:
    module, _, name = defence.place.partition(":")
    *owners, last = name.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    setattr(owner, last, defence.patch(getattr(owner, last)))


def run(*tests: str, without: Defence | None = None) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own, without one of the defences."""
    options = ["-x", "-q", "--tb=short", "--no-header", "-p", "no:cacheprovider", "-p", "tests.defences"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=PROJECT,
        env={**os.environ, _TAKEN_OUT: without.number if without else ""},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def failures(output: str) -> list[str]:
    """The lines in which pytest says why a test failed."""
    return [line.removeprefix(_FAILURE).strip() for line in output.splitlines() if line.startswith(_FAILURE)]


def row(defence: Defence, failed: list[str]) -> str:
    """One defence, readable."""
    lines = [
        f"{defence.number}: {defence.taken_out}",
        f"  taken out   {defence.place} -> {defence.patch.__name__.strip('_')}",
        f"  test        {defence.test}",
    ]
    return "\n".join([*lines, *(f"  fails with  {line}" for line in failed[:2])])


def main() -> int:
    """Show all of them; 1 when a test did not notice."""
    unnoticed = 0
    for defence in DEFENCES:
        done = run(defence.test, without=defence)
        sys.stdout.write(row(defence, failures(done.stdout)) + "\n\n")
        unnoticed += done.returncode != TESTS_FAILED
    sys.stdout.write(f"{len(DEFENCES)} defences taken out, {unnoticed} of them unnoticed\n")
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main())
