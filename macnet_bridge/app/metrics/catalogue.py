"""Every metric that there is: its name, what it tells, and where in the figures it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from macnet_bridge.app.metrics.exposition import Metric, Samples
from macnet_bridge.app.metrics.figures import BridgeFigures, ChannelFigures, CyclerFigures
from macnet_bridge.macnet.protocol.codes import ChannelState

Families = Iterator[tuple[Metric, Samples]]

_STATES = ", ".join(f"{state.value} {ChannelState.word(state)}" for state in ChannelState)
_CYCLER = ("cycler",)
_CYCLER_STATES = ("online", "degraded", "offline")


def _gauge(name: str, help_: str, *labels: str) -> Metric:
    return Metric(name, "gauge", help_, labels)


def _counter(name: str, help_: str, *labels: str) -> Metric:
    return Metric(name, "counter", help_, labels)


BRIDGE: dict[Metric, Callable[[BridgeFigures], float | None]] = {
    _gauge("macnet_broker_connected", "1 while the bridge is connected to the broker."): lambda f: (
        f.broker_connected
    ),
    _gauge("macnet_memory_bytes", "Resident memory of the bridge."): lambda f: f.memory_bytes,
    _gauge("macnet_commands_running", "Commands on their way or waiting for their turn."): lambda f: (
        f.commands_running
    ),
    _counter("macnet_stops_confirmed_total", "Stops that the tester showed to be done."): lambda f: (
        f.stops_confirmed
    ),
    _gauge("macnet_broker_queued_messages", "Messages that wait to be handed to the broker."): lambda f: (
        f.broker.queued
    ),
    _counter("macnet_broker_losses_total", "Connections to the broker that broke."): lambda f: (
        f.broker.losses
    ),
    _counter("macnet_broker_dropped_total", "Messages given up with a connection."): lambda f: (
        f.broker.dropped
    ),
    _counter("macnet_broker_refused_total", "Messages not taken for want of connection or room."): (
        lambda f: f.broker.refused
    ),
    _counter("macnet_published_total", "Readings and events handed to the broker."): lambda f: (
        f.delivery.published
    ),
    _counter("macnet_confirmed_total", "Readings and events that the broker took."): lambda f: (
        f.delivery.confirmed
    ),
    _gauge("macnet_unconfirmed_messages", "Readings and events not yet confirmed."): lambda f: (
        f.delivery.unconfirmed
    ),
    _counter("macnet_suppressed_total", "Readings within the deadband."): lambda f: f.delivery.suppressed,
    _counter("macnet_conflated_total", "Readings replaced by newer ones before they had a number."): (
        lambda f: f.delivery.conflated
    ),
    _counter("macnet_lost_total", "Numbered readings and events neither confirmed nor kept."): lambda f: (
        f.delivery.lost
    ),
    _counter("macnet_skipped_total", "Sweeps, inputs and variables for which there was no room."): (
        lambda f: f.delivery.skipped
    ),
    _gauge("macnet_spool_failing", "1 while the disk takes nothing."): lambda f: f.spool.state == "failing",
    _gauge("macnet_spool_waiting_messages", "Readings and events on disk."): lambda f: f.spool.waiting,
    _gauge("macnet_spool_size_bytes", "Size of the file on disk."): lambda f: f.spool.megabytes * 1e6,
    _gauge("macnet_spool_oldest_seconds", "Age of the oldest that waits on disk."): lambda f: (
        f.spool.oldest_second
    ),
    _counter("macnet_spool_kept_total", "Readings and events written to disk."): lambda f: f.spool.kept,
    _counter("macnet_spool_replayed_total", "Of these, those the broker took later."): lambda f: (
        f.spool.replayed
    ),
    _counter("macnet_spool_dropped_for_size_total", "Pushed out past max_mb."): lambda f: (
        f.spool.dropped_for_size
    ),
    _counter("macnet_spool_dropped_for_age_total", "Pushed out past max_age_h."): lambda f: (
        f.spool.dropped_for_age
    ),
}

CYCLER: dict[Metric, Callable[[CyclerFigures], float]] = {
    _gauge("macnet_cycler_poll_lag_seconds", "How late the most overdue read is.", *_CYCLER): lambda f: (
        f.poll_lag_s
    ),
    _counter("macnet_cycler_requests_total", "Requests of telemetry that were answered.", *_CYCLER): (
        lambda f: f.requests
    ),
    _counter("macnet_cycler_request_seconds_total", "Time that these took together.", *_CYCLER): lambda f: (
        f.busy_s
    ),
    _counter("macnet_cycler_readings_total", "Full readings that the tester gave.", *_CYCLER): lambda f: (
        f.readings
    ),
    _counter("macnet_cycler_sweeps_total", "Sweeps that were completed.", *_CYCLER): lambda f: f.sweeps,
    _counter("macnet_cycler_failed_reads_total", "Reads without a good reply.", *_CYCLER): lambda f: (
        f.failed_reads
    ),
}

CYCLER_STATE = _gauge("macnet_cycler_state", "1 for the state that holds, 0 else.", "cycler", "state")
CHANNELS = _gauge("macnet_cycler_channels", "Channels in a state, those read lately only.", "cycler", "state")

_CHANNEL_LABELS = ("cycler", "channel")
CHANNEL: dict[Metric, Callable[[ChannelFigures], float | None]] = {
    _gauge("macnet_channel_state", f"MacNet's number: {_STATES}.", *_CHANNEL_LABELS): lambda f: f.state,
    _gauge("macnet_channel_voltage_volts", "Voltage of the last full reading.", *_CHANNEL_LABELS): (
        lambda f: f.voltage_volt
    ),
    _gauge("macnet_channel_current_amperes", "Its current; positive charges the cell.", *_CHANNEL_LABELS): (
        lambda f: f.current_ampere
    ),
    _gauge("macnet_channel_test_time_seconds", "Its time since the test began.", *_CHANNEL_LABELS): (
        lambda f: f.test_time_s
    ),
}

NAMES = frozenset(metric.name for metric in (*BRIDGE, *CYCLER, CYCLER_STATE, CHANNELS, *CHANNEL))


def of_bridge(figures: BridgeFigures) -> Families:
    """The metrics that do not grow with the lab's channels."""
    for metric, read in BRIDGE.items():
        if (value := read(figures)) is not None:
            yield metric, [((), value)]
    for metric, read_cycler in CYCLER.items():
        yield metric, [((cycler.name,), read_cycler(cycler)) for cycler in figures.cyclers]
    yield (
        CYCLER_STATE,
        [((c.name, state), c.state == state) for c in figures.cyclers for state in _CYCLER_STATES],
    )


def of_channels(channels: list[ChannelFigures]) -> Families:
    """A sample of each for each channel, in the order given; what is not known has none."""
    yield CHANNELS, _count_states(channels)
    for metric, read in CHANNEL.items():
        yield metric, _known(channels, read)


def _count_states(channels: list[ChannelFigures]) -> Samples:
    counts = Counter((channel.cycler, channel.state) for channel in channels)
    return [((cycler, ChannelState.word(state)), count) for (cycler, state), count in counts.items()]


def _known(channels: list[ChannelFigures], read: Callable[[ChannelFigures], float | None]) -> Samples:
    """One after the other, so that they are not made all at once."""
    for channel in channels:
        if (value := read(channel)) is not None:
            yield (channel.cycler, channel.channel), value
