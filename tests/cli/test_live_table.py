"""The table that people look at, at the sizes that their terminals have."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from macnet_bridge.cli.lab_view import LabView
from macnet_bridge.cli.live import AboveTable, summary
from macnet_bridge.cli.live_table import acknowledgement_text, render
from macnet_bridge.payloads.acknowledgements import MacNetResult, Problem
from macnet_bridge.payloads.alarms import Alarm
from tests.cli.test_lab_view import (
    NOW,
    acknowledgement,
    bridge_status,
    cycler_status,
    reading,
    state,
    sweep,
    tell,
)

LONG_NAME = "a-test-name-of-25-letters"


def lab(channels: int, cyclers: int = 1) -> LabView:
    view = LabView("macnet")
    tell(view, "bridge/lab/status", bridge_status())
    for number in range(1, cyclers + 1):
        tell(view, f"lab{number}/status", cycler_status())
        tell(view, f"lab{number}/telemetry/sweep", sweep(*["available"] * channels))
    tell(view, f"lab1/{channels}/telemetry/state", state(test_name=LONG_NAME))
    tell(view, f"lab1/{channels}/telemetry/reading", reading(test_name=LONG_NAME, test_time_second=360000.0))
    tell(view, "lab1/5/telemetry/ack", acknowledgement())
    return view


def lines(view: LabView, width: int = 80, height: int = 24, *, color: bool = False) -> list[str]:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        height=height,
        force_terminal=color,
        color_system="truecolor" if color else None,
    )
    console.print(render(view, "the title", width=width, height=height, now=NOW + 3))
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 12), (108, 30), (200, 60)])
@pytest.mark.parametrize("channels", [1, 8, 128])
@pytest.mark.parametrize("cyclers", [1, 2, 8])
def test_it_fits_the_terminal(width: int, height: int, channels: int, cyclers: int) -> None:
    shown = lines(lab(channels, cyclers), width, height)
    assert max(map(len, shown)) <= width
    assert len(shown) <= max(height, 18)


def test_80_columns_show_the_essential_in_full() -> None:
    shown = "\n".join(lines(lab(8)))
    for text in ("the title", "lab1 online, 1 of 8 channels run", "active", "charge", "3.8500", "+0.5000"):
        assert text in shown
    for text in ("0.0139", "100:00:00", "3 s", "ack lab1/5 ping done"):
        assert text in shown
    assert "procedure" not in shown


def test_a_wide_terminal_shows_more() -> None:
    shown = "\n".join(lines(lab(8), 140, 40))
    for text in ("procedure", "CCCV_1C", "cycle", LONG_NAME, "+1.925"):
        assert text in shown


def test_channels_that_do_something_come_first_where_not_all_fit() -> None:
    shown = lines(lab(128))
    assert any(line.startswith("128") for line in shown)
    assert any("more channels" in line for line in shown)


def test_states_have_colours_and_old_ones_a_question_mark() -> None:
    view = lab(8)
    assert "\x1b[32mactive" in "\n".join(lines(view, color=True))
    tell(view, "bridge/lab/status", bridge_status("offline"))
    assert "active?" in "\n".join(lines(view))
    assert "lab1 offline" in "\n".join(lines(view))


def test_an_empty_lab_is_shown_too() -> None:
    assert lines(LabView("macnet"))[0].startswith("the title")


def test_an_empty_table_says_what_may_be_wrong() -> None:
    view = LabView("macnet")
    hint = "no bridge is online below macnet/: does one run, and is this its root?"
    assert hint in lines(view)
    tell(view, "bridge/lab/status", bridge_status())
    hint = "nothing has come of these channels so far: is the name right? online: lab"
    assert hint in lines(view)
    assert not any(line.endswith("?") or "so far" in line for line in lines(lab(8)))


def test_an_acknowledgement_in_one_line_says_what_and_why() -> None:
    refused = acknowledgement(
        status="failed",
        latency_ms=12.34,
        duplicate=True,
        error=Problem(
            code="NAME_NOT_UNIQUE",
            category="device",
            message="choose another",
            retryable=False,
            macnet=MacNetResult(6, 2, 19),
        ),
    )
    text = "lab1/5 ping failed 12.3 ms (again) NAME_NOT_UNIQUE: choose another"
    assert acknowledgement_text(refused) == text
    to_bridge = acknowledgement(cycler=msgspec.UNSET, channel=msgspec.UNSET)
    assert acknowledgement_text(to_bridge) == "bridge ping done"


def test_the_summary_counts() -> None:
    text = summary(lab(8), NOW)
    assert text.startswith("1 of 1 cyclers online, 1 of 8 channels run; 1 readings (0.2/s), 1 sweeps")
    assert text.endswith("last: lab1/5 ping done")


def test_log_lines_keep_their_brackets() -> None:
    out = io.StringIO()
    AboveTable(Console(file=out, width=20)).write("[red] a line that is longer than the terminal\n")
    assert out.getvalue() == "[red] a line that is longer than the terminal\n"


def alarm(**changes: Any) -> Alarm:
    values: dict[str, Any] = {
        "bridge": "lab",
        "session": "s1",
        "alarm": "limit",
        "severity": "critical",
        "since": 5.0,
        "what": "4.31 V is above 4.25 V",
        "reason": "voltage_max_volt",
    }
    return Alarm(**values | changes)


def troubled() -> LabView:
    """One channel charges, one is over its limit, one has a problem, one is stale; and a tester's alarm."""
    view = LabView("macnet")
    tell(view, "bridge/lab/status", bridge_status())
    tell(view, "lab1/status", cycler_status())
    tell(view, "lab1/telemetry/sweep", sweep("active", "active", "problem", "completed"))
    tell(view, "lab1/1/telemetry/state", state())
    tell(view, "lab1/1/telemetry/reading", reading())
    tell(view, "lab1/2/telemetry/alarm/limit", alarm())
    tell(view, "lab1/4/telemetry/state", state(state="completed", mode="none", quality="stale"))
    tell(view, "lab1/telemetry/alarm/clock", alarm(alarm="clock", severity="warning", what="60 s fast"))
    return view


IN_80 = """\
the title
lab1 online, 2 of 4 channels run
0.2 readings/s, 0.2 sweeps/s, 0 acknowledgements
! lab1/2 limit (critical): 4.31 V is above 4.25 V
! lab1 clock (warning): 60 s fast
channel state      mode      test                V       A     Ah test time  age
1       active     charge    cell-17        3.8500 +0.5000 0.0139   0:00:15  3 s
! 2     active     -         -              3.7000 +0.0000      -   0:00:00  3 s
3       problem    -         -              3.7000 +0.0000      -   0:00:00  3 s
4       completed? none      cell-17        3.7000 +0.0000      -   0:00:00  3 s
"""
IN_160 = """\
the title
lab1 online, 2 of 4 channels run
0.2 readings/s, 0.2 sweeps/s, 0 acknowledgements
! lab1/2 limit (critical): 4.31 V is above 4.25 V
! lab1 clock (warning): 60 s fast
channel state      mode      test                                  procedure                             step cycle      V       A       W     Ah test time  age
1       active     charge    cell-17                               CCCV_1C                                  2     0 3.8500 +0.5000  +1.925 0.0139   0:00:15  3 s
! 2     active     -         -                                     -                                        -     - 3.7000 +0.0000  +0.000      -   0:00:00  3 s
3       problem    -         -                                     -                                        -     - 3.7000 +0.0000  +0.000      -   0:00:00  3 s
4       completed? none      cell-17                               CCCV_1C                                  2     3 3.7000 +0.0000  +0.000      -   0:00:00  3 s
"""  # noqa: E501 - as wide as the terminal


@pytest.mark.parametrize(("width", "expected"), [(80, IN_80), (160, IN_160)])
def test_trouble_is_seen_without_colours(width: int, expected: str) -> None:
    shown = "\n".join(line.rstrip() for line in lines(troubled(), width))
    assert shown.rstrip() == expected.rstrip()


def test_alarms_leave_room_and_are_gone_when_cleared() -> None:
    view = lab(128)
    for number in range(1, 7):
        tell(view, f"lab1/{number}/telemetry/alarm/limit", alarm(since=float(number)))
    shown = lines(view)
    assert len(shown) <= 24
    assert "and 3 more alarms" in "\n".join(shown)
    assert all(any(line.startswith(f"! {number} ") for line in shown) for number in range(1, 7))
    for number in range(1, 7):
        tell(view, f"lab1/{number}/telemetry/alarm/limit", None)
    assert "!" not in "\n".join(lines(view))


def test_what_needs_somebody_and_what_runs_come_first_where_not_all_fit() -> None:
    view = lab(128)
    tell(view, "lab1/telemetry/sweep", sweep(*["suspended"] * 126, "problem", "active"))
    tell(view, "lab1/77/telemetry/alarm/limit", alarm())
    shown = lines(view, height=14)
    assert [line.split()[0] for line in shown if line.startswith(("! 77", "127", "128"))] == [
        "!",
        "127",
        "128",
    ]


def test_without_the_broker_nothing_is_certain() -> None:
    view = troubled()
    view.lost()
    shown = lines(view)
    assert "lab1 offline, 0 of 4 channels run" in shown
    assert sum("?" in line for line in shown) == 4
    assert not any(line.startswith("!") for line in shown)


@pytest.mark.parametrize(
    ("width", "first", "second"),
    [
        (80, "formation-…/1 ", "! formatio…/2 "),
        (160, "formation-hall-3/1 ", "! formation-hall-3/2 "),
    ],
)
def test_a_long_name_leaves_the_number(width: int, first: str, second: str) -> None:
    view = LabView("macnet")
    for name in ("formation-hall-3", "lab1"):
        tell(view, f"{name}/status", cycler_status())
        tell(view, f"{name}/telemetry/sweep", sweep("active", "active"))
    tell(view, "formation-hall-3/2/telemetry/alarm/limit", alarm())
    shown = lines(view, width)
    assert max(map(len, shown)) <= width
    assert any(line.startswith(first) for line in shown), shown
    assert any(line.startswith(second) for line in shown), shown
    assert any(line.startswith("lab1/2 ") for line in shown)


def test_one_of_two_alarms_of_a_channel_is_cleared() -> None:
    view = troubled()
    tell(view, "lab1/2/telemetry/alarm/stale", alarm(alarm="stale"))
    tell(view, "lab1/2/telemetry/alarm/limit", None)
    assert any(line.startswith("! 2 ") for line in lines(view))
    tell(view, "lab1/2/telemetry/alarm/stale", None)
    assert not any(line.startswith("! 2 ") for line in lines(view))
