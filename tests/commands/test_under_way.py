"""Commands under way: what is said of them while they are, and not any more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from macnet_bridge.commands.under_way import ACCEPTED_AFTER_S
from tests.commands.lab import START, lab


@pytest.mark.parametrize(
    ("verb", "args", "how"),
    [
        ("read_status", None, {}),
        ("start_test", START, {}),
        ("read_status", None, {"channel": None, "envelope": {"channels": [1, 2]}}),
        ("start_test", START, {"channel": None, "envelope": {"channels": [1, 2]}}),
    ],
)
async def test_what_has_ended_is_not_accepted_afterwards(
    verb: str, args: dict[str, Any] | None, how: dict[str, Any]
) -> None:
    async with lab() as it:
        await it.ask(verb, args, **how)
        later = asyncio.Event()
        # Due after whatever was to be said at the time of the command.
        asyncio.get_running_loop().call_later(ACCEPTED_AFTER_S, later.set)
        await later.wait()
        assert it.answers()[-1]["final"]
        assert it.answers()[-1]["status"] == "done"
