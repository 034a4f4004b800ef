"""Telemetry of one tester as messages: the right topic, payload, QoS and retain for each."""

from __future__ import annotations

import time
from typing import Any, Literal

import msgspec
from msgspec import Struct

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.messages import (
    AuxReadings,
    ChannelSpecification,
    FlagsAndVariables,
    StatusAndReadings,
)
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.payloads.alarms import Alarm, AlarmKind
from macnet_bridge.payloads.events import Event
from macnet_bridge.payloads.status import CyclerInfo, CyclerStatus, SharedInputs, SharedSpecification
from macnet_bridge.readings import measured
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.deadband import Deadband, ReportByException
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.telemetry.inputs import aux_payload, variables_payload
from macnet_bridge.telemetry.sweep import Swept, sweep_payload
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics

_PASSING_QOS = 0


class Identity(Struct, frozen=True):
    """Which bridge speaks, in which session and run."""

    bridge: str
    session: str
    run: int


class Publisher:
    """Publishes what is known of one tester."""

    def __init__(
        self,
        tester: Tester,
        topics: Topics,
        identity: Identity,
        delivery: Delivery,
        *,
        qos: int,
        deadband: Deadband | None = None,
    ) -> None:
        """
        Args:
            qos: of readings and sweeps. What is retained always goes with QoS 1.
            deadband: of readings; without one all are published.
        """
        self._tester = tester
        self._topics = topics
        self.identity = identity
        self._delivery = delivery
        self._qos = qos
        self._deadband = deadband or Deadband()
        self._has_deadband = not self._deadband.is_off
        self._reports: dict[int, ReportByException] = {}
        self._sweep_seq = 0
        self._status: CyclerStatus | None = None
        self._clock_offset_second: float | None = None
        self._alarms: dict[str, Alarm] = {}

    async def let_through(self) -> None:
        """Before reads that go as fast as they can: let the broker take what there is."""
        await self._delivery.let_through()

    def sweep(self, swept: Swept) -> None:
        """`R/C/telemetry/sweep`"""
        self._sweep_seq += 1
        payload = sweep_payload(swept, self._tester, run=self.identity.run, seq=self._sweep_seq)
        topic = self._topics.cycler_topic(self._tester.name, "telemetry/sweep")
        self._delivery.passing(topic, msgspec.json.encode(payload), self._qos)

    def reading(self, number: int, channel: Channel, status: StatusAndReadings, now_unix: float) -> None:
        """`R/C/N/telemetry/reading`, unless it says nothing new."""
        values = measured(
            status, self._tester.sign, unix_time_second=round(now_unix, 3), test_name=channel.test_name
        )
        if self._has_deadband and not self._report(number).passes(values, time.monotonic()):
            return self._delivery.suppress()
        topic = self._topics.channel_topic(self._tester.name, number, "reading")
        return self._delivery.reading(self._tester.name, number, topic, values, self._qos)

    def _report(self, number: int) -> ReportByException:
        report = self._reports.get(number)
        if report is None:
            report = self._reports[number] = ReportByException(self._deadband)
        return report

    def aux(
        self, number: int, channel: Channel, reply: AuxReadings, units: list[str], now_unix: float
    ) -> None:
        """`R/C/N/telemetry/aux`"""
        names = self._tester.aux_names.get(number, {})
        payload = aux_payload(
            reply,
            units,
            names,
            unix_time_second=round(now_unix, 3),
            run=self.identity.run,
            test_name=channel.test_name,
        )
        self._pass(number, "aux", payload)

    def variables(self, number: int, channel: Channel, reply: FlagsAndVariables, now_unix: float) -> None:
        """`R/C/N/telemetry/variables`"""
        payload = variables_payload(
            reply, unix_time_second=round(now_unix, 3), run=self.identity.run, test_name=channel.test_name
        )
        self._pass(number, "variables", payload)

    def _pass(self, number: int, leaf: str, payload: Struct) -> None:
        topic = self._topics.channel_topic(self._tester.name, number, leaf)
        self._delivery.passing(topic, msgspec.json.encode(payload), _PASSING_QOS)

    def state(self, number: int, channel: Channel) -> None:
        """`R/C/N/telemetry/state`, once something is known of the channel."""
        cell_id = self._tester.cell_id(number, channel.test_name)
        payload = channel.payload(self.identity.bridge, self.identity.session, cell_id)
        if payload is not None:
            self._tester.published[number] = payload
            self._retain(self._topics.channel_topic(self._tester.name, number, "state"), payload)

    def event(self, number: int, event: Event) -> None:
        """`R/C/N/telemetry/event`"""
        topic = self._topics.channel_topic(self._tester.name, number, "event")
        self._delivery.event(topic, event)

    def alarm(self, number: int | None, kind: AlarmKind, alarm: Alarm | None) -> None:
        """`R/C/N/telemetry/alarm/K`, of the cycler without a number; None clears it."""
        topic = self._topics.alarm_topic(self._tester.name, number, kind)
        if alarm is None:
            self._alarms.pop(topic, None)
            self._delivery.retained(topic, b"")
        else:
            self._alarms[topic] = alarm
            self._retain(topic, alarm)

    def alarms(self) -> None:
        """All alarms that hold, once more."""
        for topic, alarm in self._alarms.items():
            self._retain(topic, alarm)

    def has_raised(self, topic: str) -> bool:
        """Whether this is the topic of an alarm that holds."""
        return topic in self._alarms

    def clock_offset(self, offset_second: float) -> None:
        """`R/C/status`, with another offset of the tester's clock."""
        self._clock_offset_second = offset_second
        if self._status is not None and self._status.state != "offline":
            self._status = msgspec.structs.replace(self._status, clock_offset_second=offset_second)
            self._retain(self._topics.cycler_topic(self._tester.name, "status"), self._status)

    def status(self, trouble: str | None, last_ok: float | None, *, always: bool = False) -> None:
        """`R/C/status`, when it says something new or always."""
        status = self._current_status(trouble, last_ok)
        if always or self._status is None or _apart_from_time(status) != _apart_from_time(self._status):
            self._status = status
            self._retain(self._topics.cycler_topic(self._tester.name, "status"), status)

    @property
    def cycler_state(self) -> Literal["online", "degraded", "offline"]:
        """What the last `R/C/status` said."""
        return self._status.state if self._status else "offline"

    def info(self) -> None:
        """`R/C/info`, once the tester was found."""
        found = self._tester.survey
        if found is None:
            return
        info = CyclerInfo(
            bridge=self.identity.bridge,
            session=self.identity.session,
            channel_count=found.system.test_channels,
            channels=self._tester.channels,
            channel_number_offset=self._tester.channel_number_offset,
            system=_known_fields(found.system),
            version=_known_fields(found.version) if found.version else None,
            transport=self._tester.cycler.transport,
            transport_reason=_transport_reason(self._tester),
            specifications=_shared_specifications(self._tester),
            aux=_shared_inputs(self._tester),
        )
        self._retain(self._topics.cycler_topic(self._tester.name, "info"), info)

    def _current_clock_offset(self, found: Survey | None) -> float | None:
        """What the survey found, to a second, until more is known."""
        if found is None:
            self._clock_offset_second = None
            return None
        measured = self._clock_offset_second
        return found.clock_offset_second if measured is None else measured

    def _retain(self, topic: str, payload: Struct) -> None:
        self._delivery.retained(topic, msgspec.json.encode(payload))

    def _current_status(self, trouble: str | None, last_ok: float | None) -> CyclerStatus:
        found = self._tester.survey
        state: Literal["online", "degraded", "offline"] = "online"
        reason = trouble
        if found is None:
            state = "offline"
        elif reason or found.missing or found.oddities:
            state = "degraded"
            reason = reason or _shortcomings(found)
        return CyclerStatus(
            bridge=self.identity.bridge,
            session=self.identity.session,
            state=state,
            reason=reason,
            last_ok=last_ok and round(last_ok, 3),
            clock_offset_second=self._current_clock_offset(found),
            missing_functions={f"{c},{n}": why for (c, n), why in found.missing.items()} if found else {},
            oddities=list(found.oddities) if found else [],
        )


def _shortcomings(found: Survey) -> str:
    missing = ", ".join(str(f.FUNCTIONS[number]) for number in found.missing)
    return "; ".join([*found.oddities, *([f"it lacks {missing}"] if missing else [])])


def _transport_reason(tester: Tester) -> str:
    cycler = tester.cycler
    if not cycler.is_auto:
        return "configured"
    return cycler.fallen_back or (str(tester.probe) if tester.probe else "not probed yet")


def _shared_specifications(tester: Tester) -> list[SharedSpecification]:
    """Specifications once each: most testers have one or two kinds of channels."""
    sharing: dict[ChannelSpecification, list[int]] = {}
    for number, specification in sorted(tester.specifications.items()):
        sharing.setdefault(specification, []).append(number)
    return [
        SharedSpecification(channels=channels, specification=_known_fields(specification))
        for specification, channels in sharing.items()
    ]


def _shared_inputs(tester: Tester) -> list[SharedInputs]:
    sharing: dict[tuple[str, ...], list[int]] = {}
    for number, units in sorted(tester.aux_units.items()):
        sharing.setdefault(tuple(units), []).append(number)
    return [SharedInputs(channels=channels, units=list(units)) for units, channels in sharing.items()]


def _known_fields(message: Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(message).items() if value is not None}


def _apart_from_time(status: CyclerStatus) -> CyclerStatus:
    return msgspec.structs.replace(status, last_ok=None)
