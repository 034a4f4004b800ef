"""Errors of the operating system in words that say what is wrong, and nothing else."""

from __future__ import annotations

import os


def os_reason(error: OSError) -> str:
    """What the system says is wrong, without what Python or asyncio put around it."""
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else ""
    # Name look-up has numbers of its own, below zero, and Windows has some that Python does not know.
    if not reason or reason.startswith("Unknown error"):
        reason = error.strerror or str(error) or type(error).__name__
    return reason.lower()
