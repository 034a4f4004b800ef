"""Fixtures and the choice of the broker, shared by all tests."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import hypothesis
import pytest

from macnet_bridge.errors import MacNetBridgeError
from tests.brokers import NO_MOSQUITTO, RunningBroker, Setup, chosen_kind, forced_kind, make_broker

WANTED = "needs a broker that speaks MQTT 5 and can be killed (container or mosquitto)"
BROKER_FAILED = 3
_used = pytest.StashKey[set[str]]()

# A machine that is busy is no finding. With CI set, hypothesis does the same by itself, and takes the same
# examples in every run.
hypothesis.settings.register_profile("unhurried", deadline=None)
if hypothesis.settings.get_current_profile_name() != "ci":
    hypothesis.settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    # A shell that runs us in the background makes us, and all that we start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", f"needs_real_broker: {WANTED}")
    config.stash[_used] = set()


@pytest.fixture(autouse=True)
def levels_as_before() -> Iterator[None]:
    """Commands that run in this process set their own levels of logging."""
    loggers = [logging.getLogger(), logging.getLogger("macnet_bridge.broker")]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("needs_real_broker") and _kind_or_exit() == "embedded":
        pytest.skip(WANTED)


def _kind_or_exit() -> str:
    try:
        return chosen_kind()
    except MacNetBridgeError as error:
        pytest.exit(str(error), BROKER_FAILED)


def _start_or_exit(setup: Setup | None = None) -> RunningBroker:
    # Anything that goes wrong with a broker that was asked for ends the run: skipping its tests
    # would make the run look better than it was.
    try:
        running = make_broker(setup)
        with ExitStack() as undo:
            undo.callback(running.remove)
            running.start()
            undo.pop_all()
    except Exception as error:
        if forced_kind() is None:
            raise
        pytest.exit(f"the broker of kind {forced_kind()} did not start: {error}", BROKER_FAILED)
    return running


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[RunningBroker]:
    """The broker that all tests share; they keep out of each other's way by their topics."""
    _kind_or_exit()
    running = _start_or_exit()
    request.config.stash[_used].add(running.name)
    yield running
    running.remove()


@pytest.fixture
def start_broker() -> Iterator[Callable[..., RunningBroker]]:
    """Starts brokers for one test alone, which may stop, kill and freeze them."""
    started: list[RunningBroker] = []

    def start(setup: Setup | None = None) -> RunningBroker:
        _kind_or_exit()
        started.append(_start_or_exit(setup))
        return started[-1]

    yield start
    for running in started:
        running.remove()


@pytest.fixture
def own_broker(start_broker: Callable[..., RunningBroker]) -> RunningBroker:
    """A broker for this test alone."""
    return start_broker()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what tests have to tell, which broker served, and what could not be tested with it."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, text in report.user_properties:
            if name == "told":
                terminalreporter.write_line(text)
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())]
    skipped = sum(WANTED in reason or NO_MOSQUITTO in reason for reason in reasons)
    names: set[str] = config.stash[_used]
    used = ", ".join(sorted(names)) or f"{chosen_kind()}, no shared one started by this process"
    terminalreporter.write_sep("-", f"MQTT broker: {used}; tests skipped for want of another: {skipped}")
