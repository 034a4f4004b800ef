"""What an inspection found, as values: `macnet-bridge check` shows them, or gives them as JSON."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Note(Struct, frozen=True):
    """Something that somebody should know, in a line that says what to do.

    Attributes:
        level: an `error` keeps the bridge from working; a `warning` is unsafe or odd.
    """

    level: Literal["error", "warning"]
    text: str


class BrokerReport(Struct, frozen=True, kw_only=True):
    """The MQTT broker.

    Attributes:
        protocol: the version of MQTT that was spoken, None when none was.
        running_since: Unix seconds, where a bridge of the configured name is online.
    """

    url: str
    username: str
    protocol: str | None = None
    running_since: float | None = None
    notes: list[Note] = []


class TransportReport(Struct, frozen=True, kw_only=True):
    """One way to read a tester.

    Attributes:
        bulk_read_ms: the best of some bulk reads of up to 128 channels, None when it is out.
        reason: why it is out, None when it is not.
    """

    transport: str
    port: int
    bulk_read_ms: float | None
    reason: str | None


class CyclerReport(Struct, frozen=True, kw_only=True):
    """One tester.

    Attributes:
        clock_second: its clock minus ours, without its time zone; None when it was not read.
        time_zone_second: what it is ahead of UTC, in quarters of an hour.
        transports: all three, in the order of preference.
        reads_by: by which of them the bridge would read now.
        channel_number_offset: what it adds to channel numbers on its screen.
        display_channels: the first and the last of these.
    """

    name: str
    host: str
    transport: str
    system: str | None = None
    system_type: str | None = None
    exe_version: str | None = None
    dll_version: str | None = None
    channel_count: int | None = None
    served_count: int | None = None
    channel_number_offset: int = 0
    display_channels: tuple[int, int] | None = None
    clock_second: float | None = None
    time_zone_second: int | None = None
    round_trip_ms: float | None = None
    transports: list[TransportReport] = []
    reads_by: str | None = None
    missing_functions: dict[str, str] = {}
    notes: list[Note] = []


class Report(Struct, frozen=True, kw_only=True):
    """The whole inspection.

    Attributes:
        ok: no error anywhere; warnings do not count.
        notes: on the configuration itself. With errors here nothing was connected to.
    """

    ok: bool
    config: str
    bridge: str | None = None
    notes: list[Note] = []
    broker: BrokerReport | None = None
    cyclers: list[CyclerReport] = []

    def all_notes(self) -> list[Note]:
        """Those on configuration, broker and testers."""
        of_broker = self.broker.notes if self.broker else []
        return [*self.notes, *of_broker, *(note for cycler in self.cyclers for note in cycler.notes)]


def error(text: str) -> Note:
    """A note that makes the inspection fail."""
    return Note("error", text)


def warning(text: str) -> Note:
    """A note that does not."""
    return Note("warning", text)
