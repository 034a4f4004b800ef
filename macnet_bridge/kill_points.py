"""Named places at which tests kill the bridge, to see that nothing is lost or done twice there.

Without `MACNET_TEST_KILL_AT` in the environment nothing happens. With it, the process ends where
it first comes to the point of that name, as a power cut would end it.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "MACNET_TEST_KILL_AT"

POINTS = (
    "received",
    "read",
    "begin_before_commit",
    "begin_after_commit",
    "before_puback",
    "after_puback",
    "job_begins",
    "before_sent",
    "sent_before_commit",
    "sent_after_commit",
    "before_send",
    "after_send",
    "after_reply",
    "after_read_back",
    "before_result",
    "settle_before_commit",
    "settle_after_commit",
    "before_acknowledgement",
    "after_acknowledgement",
)
"""All of them, in the order in which a command comes to them."""

_wanted = os.environ.get(VARIABLE, "")


def reach(point: str) -> None:
    """Die here, if this is the point that a test chose."""
    if point == _wanted:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def is_wanted(point: str) -> bool:
    """Whether a test chose this point."""
    return point == _wanted
