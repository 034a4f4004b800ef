"""Whether a tester's own watchdog has suspended a channel in direct mode. Pure.

MacNet shows that as it shows a suspension by hand. What tells one from the other is how long ago the
tester took its last output: a watchdog that is fed bites nobody, and one that starves does not wait.
"""

from __future__ import annotations

import math

from macnet_bridge.macnet.protocol.codes import STOPPED, ChannelState
from macnet_bridge.telemetry.alarms import Finding
from macnet_bridge.telemetry.events import Look
from macnet_bridge.tester import DirectTest

_BITES_WITHIN = 3.0
"""A channel that runs for so many times the watchdog's time without an output has none that works."""


def is_over(test: DirectTest, look: Look) -> bool:
    """Whether it does not run any more, or another one has its place."""
    return look.status.state in STOPPED or not _is_the_same(test, look)


def _is_the_same(test: DirectTest, look: Look) -> bool:
    """A name that could not be read is no other one."""
    return look.test is None or look.test.test_name in ("", test.name)


def judge(test: DirectTest, look: Look) -> Finding | None:
    """What to make of the first look at a test that is over, and that this bridge has not suspended.

    Returns:
        None where the watchdog did not suspend it: something else ended it, or it was too early for
        that, or long after it.
    """
    fed, watchdog_s = test.fed, test.watchdog_s
    if look.status.state != ChannelState.SUSPENDED or not _is_the_same(test, look):
        return None
    most_s = look.unix_time_second - fed.taken_at
    ran_s = test.ran_at - max(fed.taken_at, fed.left_at)
    if most_s < watchdog_s or ran_s > _BITES_WITHIN * watchdog_s:
        return None
    least_s = max(0.0, test.ran_at - fed.taken_at)
    what = (
        f"suspended, and not by this bridge, {least_s:.1f} to {most_s:.1f} s after the tester took its last "
        f"output; its watchdog does that after {watchdog_s:g} s (direct_watchdog_s)"
    )
    return Finding("critical", what, "no_output", round(most_s, 1), watchdog_s)


def set_back(test: DirectTest, now_unix: float) -> None:
    """Our clock was set back: nothing that is known of a test is later than now."""
    fed = test.fed
    fed.taken_at, fed.left_at = min(fed.taken_at, now_unix), min(fed.left_at, now_unix)
    test.ran_at = min(test.ran_at, now_unix)
    if test.shown_at < math.inf:
        test.shown_at = min(test.shown_at, now_unix)
