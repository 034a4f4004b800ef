"""The bridge is killed at every point between receipt and acknowledgement, and nothing happens twice.

`MACNET_TEST_KILL_RUNS` says how often at each point (1); `python -m bench.kills` shows a table.
"""

from __future__ import annotations

import os
import sys

import pytest

from macnet_bridge.kill_points import POINTS
from tests.bridge import mutant
from tests.bridge.conftest import Lab
from tests.bridge.kills import Killer

RUNS = int(os.environ.get("MACNET_TEST_KILL_RUNS", "1"))

pytestmark = [
    pytest.mark.needs_real_broker,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

# What was not journalled comes again, perhaps before the tester is online: then it is rejected for that.
MAY_END = {
    "received": {"rejected", "done"},
    "read": {"rejected", "done"},
    "begin_before_commit": {"rejected", "done"},
    "begin_after_commit": {"rejected"},
    "before_puback": {"rejected", "done"},
    "after_puback": {"rejected", "done"},
    "job_begins": {"rejected"},
    "before_sent": {"rejected"},
    "sent_before_commit": {"rejected"},
    "sent_after_commit": {"unknown"},
    "before_send": {"unknown"},
    "after_send": {"done"},
    "after_reply": {"done"},
    "after_read_back": {"done"},
    "before_result": {"done"},
    "settle_before_commit": {"done"},
    "settle_after_commit": {"done"},
    "before_acknowledgement": {"done"},
    "after_acknowledgement": {"done"},
}


@pytest.mark.timeout(120 + 30 * RUNS)
@pytest.mark.parametrize("point", POINTS)
async def test_killed_there_it_runs_at_most_once_and_its_answer_is_true(lab: Lab, point: str) -> None:
    killer = Killer(lab, await lab.cycler(max(RUNS, 2)), await lab.peer())
    for _ in range(RUNS):
        verdict = await killer.run(point)
        assert verdict.faults == [], verdict
        assert verdict.statuses <= MAY_END[point], verdict


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("journals_after_sending", "after_send"),
        ("has_no_journal", "after_reply"),
        ("sends_what_was_left", "after_reply"),
    ],
)
async def test_a_bridge_without_this_defence_is_found_out(lab: Lab, name: str, point: str) -> None:
    killer = Killer(
        lab,
        await lab.cycler(2),
        await lab.peer(),
        module="tests.bridge.mutant",
        environment={mutant.VARIABLE: name},
    )
    assert (await killer.run(point)).faults != []
