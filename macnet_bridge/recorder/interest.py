"""Which messages a recording is made of: topics to subscribe to, and the channels that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macnet_bridge.recorder.columns import TABLES
from macnet_bridge.recorder.rows import Unread, rows_of
from macnet_bridge.store.rows import Rows
from macnet_bridge.topics import Scope, Source, read_published

_SWEEP_CHANNEL = TABLES["sweep"].names.index("channel")


@dataclass(frozen=True)
class Interest:
    """What to record.

    Attributes:
        root: first level or levels of all topics.
        cycler: None for all of them.
        channels: None for all of them.
    """

    root: str
    cycler: str | None = None
    channels: frozenset[int] | None = None

    def filters(self) -> list[str]:
        """What to subscribe to, the bridges' own word of what they lost included."""
        cycler = self.cycler or "+"
        of_channels = [f"{self.root}/{cycler}/+/telemetry/{leaf}" for leaf in TABLES if leaf != "sweep"]
        of_cyclers = [f"{self.root}/{cycler}/telemetry/sweep", f"{self.root}/{cycler}/status"]
        return [*of_channels, *of_cyclers, f"{self.root}/bridge/+/health"]

    def source(self, topic: str) -> Source | None:
        """Who published it; None where that is not wanted."""
        source = read_published(self.root, topic)
        if source is None or source.scope is Scope.BRIDGE:
            return source
        is_wanted = self.cycler in (None, source.name)
        if source.scope is Scope.CHANNEL and self.channels is not None:
            is_wanted = is_wanted and source.channel in self.channels
        return source if is_wanted else None

    def rows(self, source: Source, payload: bytes) -> Rows | None:
        """What a message brings; None for one that has no table, or only clears what is retained.

        Raises:
            Unread: it has a table, but no row in it.
        """
        table = TABLES.get(source.leaf)
        if table is None or not payload:
            return None
        is_of_channel = source.scope is Scope.CHANNEL
        if is_of_channel != ("channel" in table.place):
            return None
        place = (source.name, source.channel) if is_of_channel else (source.name,)
        rows = rows_of(source.leaf, place, payload)
        if source.leaf == "sweep" and self.channels is not None:
            rows = [row for row in rows if row[_SWEEP_CHANNEL] in self.channels]
        return Rows(table.name, table.names, rows)


UNREAD = ("topic", "payload", "reason", "received_unix_time_second")


def unread(topic: str, payload: bytes, error: Unread, now_unix: float) -> Rows:
    """A message as it came, for whoever can read it."""
    return Rows("unread", UNREAD, [(topic, payload, str(error), now_unix)])


def together(batch: Sequence[Rows]) -> list[Rows]:
    """The same rows with those of a table in one piece, in the order they came."""
    found: dict[tuple[str, tuple[str, ...]], list[tuple[object, ...]]] = {}
    for each in batch:
        found.setdefault((each.table, each.columns), []).extend(each.rows)
    return [Rows(table, columns, rows) for (table, columns), rows in found.items()]
