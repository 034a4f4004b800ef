"""Signals and the event loop of the command line."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from macnet_bridge.cli.loop import on_signals, run_async


@pytest.fixture
def handlers_kept() -> Iterator[None]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not there on Windows
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
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


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signal here")
@pytest.mark.usefixtures("handlers_kept")
def test_a_closed_terminal_stops_it_but_not_under_nohup() -> None:
    hang_up = signal.Signals["SIGHUP"]
    signal.signal(hang_up, signal.SIG_DFL)  # the tests themselves may run under nohup

    async def until_hung_up() -> str:
        stop = asyncio.Event()
        on_signals(stop.set)
        signal.raise_signal(hang_up)
        await stop.wait()
        return "stopped"

    assert run_async(until_hung_up()) == "stopped"
    signal.signal(hang_up, signal.SIG_IGN)
    assert run_async(_until_signalled()) == "stopped"
    assert signal.getsignal(hang_up) == signal.SIG_IGN
