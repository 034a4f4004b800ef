"""Fixtures for pytest, for tests of programs that talk to a cycler.

In the `conftest.py` at the root of the tests:

    pytest_plugins = ["macnet_bridge.simulator.pytest_plugin"]

It is not loaded by itself, so that nobody pays for it who does not use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from macnet_bridge.simulator.threaded import ThreadedCycler

MARKER = "simulated_cycler"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARKER}(**options): options of the cycler that the fixture gives")


@pytest.fixture
def simulated_cycler(request: pytest.FixtureRequest) -> Iterator[ThreadedCycler]:
    """A running cycler of 8 channels, with the options of the nearest `simulated_cycler` mark."""
    marker = request.node.get_closest_marker(MARKER)
    with ThreadedCycler(**(marker.kwargs if marker else {})) as simulated:
        yield simulated


@pytest.fixture
def start_simulated_cycler() -> Iterator[Callable[..., ThreadedCycler]]:
    """Starts cyclers with any options, as many as a test wants; they stop with the test."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(ThreadedCycler(**options))
