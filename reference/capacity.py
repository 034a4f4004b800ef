"""The page of what testers can give, counted with the planner that the bridge reads them by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from macnet_bridge.app.config import TelemetrySection
from macnet_bridge.telemetry.dues import Due, Intervals, ReadingsDue, SweepDue
from macnet_bridge.telemetry.lateness import too_slow
from macnet_bridge.telemetry.planner import SWEEP_REQUESTS, Planner
from reference.markdown import table

REQUEST_S = 0.034
"""What a real tester was measured to take for a request, whatever is asked."""

_WARM_UP_S = 60.0
_PLAYED_S = 240.0
_CONFIGURED = TelemetrySection()
_DEFAULT_INTERVALS = Intervals(
    _CONFIGURED.sweep_interval_s,
    _CONFIGURED.active_interval_s,
    _CONFIGURED.idle_interval_s,
    _CONFIGURED.aux_interval_s,
    _CONFIGURED.variables_interval_s,
)
_CASES = (8, 16, 24, 32, 48, 64, 96, 128)
_QUICK_MS = (34.0, 10.0, 2.0)

_INTRODUCTION = f"""\
# Capacity

What a tester can give, and what to ask of it. Made by `python -m reference`: the tables are counted with the
planner of the bridge itself, playing {_PLAYED_S:g} seconds of a tester that takes {REQUEST_S * 1000:g} ms
for a request.

## The arithmetic

A real tester was seen to take {REQUEST_S * 1000:g} ms for a request, whatever is asked, and it answers one
at a time: 1 / {REQUEST_S:g} s is **{1 / REQUEST_S:.0f} requests a second**, for readings, sweeps and
commands together.

| what | requests |
|---|---|
| a sweep: state, voltage, current and test time of all channels, up to 128 | {SWEEP_REQUESTS} |
| a full reading of one channel, MacNet (4, 7) | 1 |
| a reading of a channel's auxiliary inputs, or of its variables | 1 |
| a command that is read back, such as `set_variable` | 2 |
| a start: state, limits, check, start, state, name | 6 and more |

So sweeps once a second take {SWEEP_REQUESTS / (1 / REQUEST_S):.0%} of a tester, and what is left gives
{1 / REQUEST_S - SWEEP_REQUESTS:.0f} full readings a second: one of each of {
    1 / REQUEST_S - SWEEP_REQUESTS:.0f} channels every second, or of all 128 every {
    128 / (1 / REQUEST_S - SWEEP_REQUESTS):.1f}
seconds.

"""
_DEFAULTS = """\
## With the default intervals

Sweeps and readings of channels that run a test every second, readings of the others and auxiliary inputs
every minute, on a tester of 128 channels of which so many run a test. *Asked for* is what the intervals
want; *reached* what the tester gives.

"""
_KEEP = """\
## What can be kept

When a tester is too slow for its intervals, everything gets slower and nothing stops: its status is
`degraded`, with the intervals that it could keep, which leave a tenth of its time to commands. For 128
channels that all run a test it says:

"""
_QUICKER = """\
## Testers that are quicker

Nothing of this is configured: the bridge measures how long a request takes. 128 channels that all run a test,
with the default intervals:

"""
_END = """\
## The other limits

- **The bridge**: from tester to broker a reading takes 28 us of processor time with QoS 0 and 47 us with
  QoS 1 ([Measurements](../bench.md#what-it-says), which have many testers, too).
- **The broker**: what a broker that is away cannot take waits on disk, in `telemetry.spool`, as
 [Configuration](../configuration.md#telemetry-and-per-cycler-cyclertelemetry) says.
- **Commands** go before reads: while one is on its way to a tester no read is sent to it. One that comes
  waits for at most one request that is being answered, so some {REQUEST_MS:g} ms.

What to do when it is not enough: longer intervals for what nobody looks at, `idle_interval_s` first;
`channels` that leave out what is not used; the deadband saves the broker and its readers work, but no
requests.
"""


class Reached(NamedTuple):
    """What a played tester gave, a second."""

    asked: float
    requests: float
    sweeps: float
    interval_s: float
    advice: str


def play(active: int, channels: int = 128, request_s: float = REQUEST_S) -> Reached:
    """Play the planner against a tester that takes so long for each request, time being a number."""
    planner = Planner(_DEFAULT_INTERVALS, range(1, channels + 1), 0.0, sweeps=True)
    for channel in range(1, active + 1):
        planner.set_active(channel, True, 0.0)
    done = [due for began, due in _dues(planner, request_s) if began >= _WARM_UP_S]
    sweeps = sum(isinstance(due, SweepDue) for due in done)
    readings = [channel for due in done if isinstance(due, ReadingsDue) for channel in due.channels]
    of_active = sum(channel <= active for channel in readings)
    return Reached(
        sum(planner.demand().values()),
        (sweeps * (SWEEP_REQUESTS - 1) + len(done)) / _PLAYED_S,
        sweeps / _PLAYED_S,
        active * _PLAYED_S / of_active,
        too_slow(planner),
    )


def _dues(planner: Planner, request_s: float) -> Iterator[tuple[float, Due]]:
    """What is read when, until the played time is over."""
    now = 0.0
    while now < _WARM_UP_S + _PLAYED_S:
        due = planner.next_due(now)
        if due is None:
            now = planner.next_turn()
            continue
        requests = SWEEP_REQUESTS if isinstance(due, SweepDue) else 1
        yield now, due
        now += requests * request_s
        planner.observe(requests * request_s, requests)


def capacity_page() -> str:
    """docs/operations/capacity.md"""
    return "\n".join(_lines()).replace("{REQUEST_MS:g}", f"{REQUEST_S * 1000:g}").replace("\n\n\n", "\n\n")


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield _DEFAULTS
    heads = (
        "channels that run a test",
        "asked for /s",
        "reached /s",
        "a sweep every",
        "a reading of each every",
    )
    yield from table(heads, [_case(active) for active in _CASES])
    yield _KEEP
    yield f"> {play(128).advice}"
    yield ""
    yield _QUICKER
    columns = ("a request takes", "requests /s at most", "a sweep every", "a reading of each every")
    yield from table(columns, _quicker(_QUICK_MS))
    yield _END.rstrip("\n") + "\n"


def _case(active: int) -> tuple[str, ...]:
    reached = play(active)
    return (
        str(active),
        f"{reached.asked:.1f}",
        f"{reached.requests:.1f}",
        f"{1 / reached.sweeps:.2g} s",
        f"{reached.interval_s:.2g} s",
    )


def _quicker(latencies_ms: Iterable[float]) -> Iterator[tuple[str, ...]]:
    for latency_ms in latencies_ms:
        reached = play(128, request_s=latency_ms / 1000)
        most = 1000 / latency_ms
        sweep_s, reading_s = 1 / reached.sweeps, reached.interval_s
        yield f"{latency_ms:g} ms", f"{most:.0f}", f"{sweep_s:.2g} s", f"{reading_s:.2g} s"
