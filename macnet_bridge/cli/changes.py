"""What changed in the view of a lab, for scripts: an object for each channel or cycler that is another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from macnet_bridge.cli.lab_view import LabView, Row
from macnet_bridge.topics import Scope, read_alarm, read_published


class CyclerNow(Struct, frozen=True, kw_only=True, tag_field="kind", tag="cycler"):
    """A cycler as it is now. `offline` also where no bridge is there to tell."""

    cycler: str
    state: Literal["online", "degraded", "offline"]
    reason: str | None
    alarms: list[str]


class ChannelNow(Struct, frozen=True, kw_only=True, tag_field="kind", tag="channel"):
    """A channel as it is now; null where nothing was heard yet. Units are in the names.

    Attributes:
        stale: nobody can tell whether this still holds.
        alarms: kinds of those that hold.
    """

    cycler: str
    channel: int
    state: str
    mode: str
    test_name: str | None
    procedure: str | None
    step_id: int | None
    cycle_count: int | None
    voltage_volt: float | None
    current_ampere: float | None
    test_time_second: float | None
    stale: bool
    alarms: list[str]


Now = CyclerNow | ChannelNow


class Changes:
    """Remembers what was told of each channel and cycler of a view."""

    def __init__(self, view: LabView) -> None:
        self._view = view
        self._told: dict[tuple[str, int], Now] = {}

    def after(self, topic: str) -> Iterator[Now]:
        """What is other than it was told, once the view has taken in a message of this topic."""
        source = read_alarm(self._view.root, topic) or read_published(self._view.root, topic)
        if source is None:
            return
        if source.scope is Scope.CHANNEL:
            keys: Iterable[tuple[str, int]] = [(source.name, source.channel)]
        else:
            cycler = None if source.scope is Scope.BRIDGE else source.name
            keys = self._keys(cycler)
        yield from self._differing(keys)

    def everything(self) -> Iterator[Now]:
        """The same for all, as after the broker was lost."""
        yield from self._differing(self._keys(None))

    def _keys(self, cycler: str | None) -> list[tuple[str, int]]:
        """Of one cycler or all, the cyclers themselves (channel 0) among them."""
        found = {(name, 0) for name in self._view.cyclers} | set(self._view.rows)
        return sorted(key for key in found if cycler in (None, key[0]))

    def _differing(self, keys: Iterable[tuple[str, int]]) -> Iterator[Now]:
        for key in keys:
            now = self._now(key)
            if now is not None and self._told.get(key) != now:
                self._told[key] = now
                yield now

    def _now(self, key: tuple[str, int]) -> Now | None:
        cycler, channel = key
        alarms = sorted(self._view.alarms.get(key, ()))
        if channel:
            row = self._view.rows.get(key)
            return None if row is None else _channel(row, alarms)
        status = self._view.cyclers.get(cycler)
        if status is None:
            return None
        state = status.state if self._view.is_online(cycler) else "offline"
        return CyclerNow(cycler=cycler, state=state, reason=status.reason, alarms=alarms)


def _channel(row: Row, alarms: list[str]) -> ChannelNow:
    return ChannelNow(
        cycler=row.cycler,
        channel=row.channel,
        state=row.state,
        mode=row.mode,
        test_name=row.test_name,
        procedure=row.procedure,
        step_id=row.step_id,
        cycle_count=row.cycle_count,
        voltage_volt=row.voltage_volt,
        current_ampere=row.current_ampere,
        test_time_second=row.test_time_second,
        stale=row.stale,
        alarms=alarms,
    )
