"""What the log says of readings that wait or are lost."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.payloads.health import DeliveryHealth, SpoolHealth
from macnet_bridge.telemetry.backlog import Backlog


def health(**counts: int) -> tuple[DeliveryHealth, SpoolHealth]:
    def of(kind: type[Any], **given: Any) -> Any:
        names = [info.name for info in msgspec.structs.fields(kind)]
        return kind(**dict.fromkeys(names, 0) | {n: counts[n] for n in names if n in counts} | given)

    return of(DeliveryHealth), of(SpoolHealth, state="ok", oldest_second=None)


def test_what_waited_is_told_when_it_is_sent_and_when_it_has_been() -> None:
    backlog = Backlog()
    assert backlog.connected(120) == "readings and events that wait on disk are sent now, oldest first: 120"
    assert backlog.arrived(3) is None
    assert backlog.arrived(0) == "what waited on disk has been sent"
    assert backlog.arrived(0) is None


def test_nothing_is_told_where_nothing_waited_or_the_broker_went_away_again() -> None:
    backlog = Backlog()
    assert backlog.connected(0) is None
    assert backlog.arrived(0) is None
    backlog.connected(5)
    backlog.disconnected()
    assert backlog.arrived(0) is None


def test_losses_are_told_at_once_and_then_once_a_minute() -> None:
    backlog = Backlog()
    assert backlog.losses(*health(), 0.0) is None
    assert (
        backlog.losses(*health(lost=3), 1.0) == "readings or events were lost: 3 neither delivered nor kept"
    )
    assert backlog.losses(*health(lost=9, dropped_for_size=40), 60.9) is None
    assert backlog.losses(*health(lost=9, dropped_for_size=40, dropped_for_age=2), 61.0) == (
        "readings or events were lost: 40 for telemetry.spool.max_mb, 2 for telemetry.spool.max_age_h, "
        "6 neither delivered nor kept"
    )
    assert backlog.losses(*health(lost=9, dropped_for_size=40, dropped_for_age=2), 500.0) is None
