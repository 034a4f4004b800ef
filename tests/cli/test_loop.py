"""Signals and the event loop of the command line."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from macnet_bridge.cli.loop import on_signals, run_async


@pytest.fixture
def handlers_kept() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def _until_signalled() -> str:
    stop = asyncio.Event()
    on_signals(stop.set)
    signal.raise_signal(signal.SIGINT)
    await stop.wait()
    return "stopped"


@pytest.mark.usefixtures("handlers_kept")
def test_ctrl_c_stops_what_runs_and_a_second_one_does_no_harm() -> None:
    assert run_async(_until_signalled()) == "stopped"
    signal.raise_signal(signal.SIGINT)
