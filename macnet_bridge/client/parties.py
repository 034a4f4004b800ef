"""Those that can be addressed: a channel, several channels, a cycler, a bridge."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar, Unpack

import msgspec
from msgspec import UNSET, UnsetType

from macnet_bridge.client.failures import NothingPublished
from macnet_bridge.client.lease import Lease
from macnet_bridge.client.link import Link
from macnet_bridge.client.order import Gap
from macnet_bridge.client.reach import Reach
from macnet_bridge.client.request import Options
from macnet_bridge.client.stream import AuxInputs, Events, InfoStream, OfChannel, Readings, States, Stream
from macnet_bridge.client.verbs import BridgeVerbs, ChannelVerbs, CyclerVerbs
from macnet_bridge.errors import InvalidRequest
from macnet_bridge.payloads.arguments import Safety
from macnet_bridge.payloads.events import AnyEvent
from macnet_bridge.payloads.inputs import Aux
from macnet_bridge.payloads.status import BridgeInfo, CyclerInfo
from macnet_bridge.payloads.telemetry import ChannelState, Reading
from macnet_bridge.topics import RESERVED_NAMES, Scope, is_name

CHANNEL_MAX = 65_535
INFO_S = 5.0
"""How long retained information is waited for; the broker sends it as soon as it is asked."""

T = TypeVar("T")


class ChannelClient(ChannelVerbs):
    """One channel.

    Each verb takes `expires_s`, `expect`, `dry_run` and `id` (`request.Options`) beside its arguments,
    and gives the final acknowledgement when it is done.

    Attributes:
        cycler, number: which one.
    """

    def __init__(self, link: Link, cycler: str, number: int, margin_s: float) -> None:
        if not 1 <= number <= CHANNEL_MAX:
            raise InvalidRequest(f"channels count from 1, not {number}", "channel")
        base = f"{cycler}/{number}"
        # The cycler answers for a channel that is not served.
        answers = (f"{base}/telemetry/ack", f"{cycler}/telemetry/ack")
        super().__init__(link, base, answers, margin_s, Reach.of(cycler, [number]))
        self.cycler = cycler
        self.number = number

    def direct(
        self,
        *,
        voltage_volt: float | UnsetType = UNSET,
        current_ampere: float | UnsetType = UNSET,
        power_watt: float | UnsetType = UNSET,
        resistance_ohm: float | UnsetType = UNSET,
        range: int | UnsetType = UNSET,
        test_name: str | UnsetType = UNSET,
        record_second: float | UnsetType = UNSET,
        record_volt: float | UnsetType = UNSET,
        record_ampere: float | UnsetType = UNSET,
        valid_for_s: float | UnsetType = UNSET,
        safety: Safety | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Lease:
        """Direct control, for `async with`; the arguments are those of `start_direct`."""
        args = {
            "voltage_volt": voltage_volt,
            "current_ampere": current_ampere,
            "power_watt": power_watt,
            "resistance_ohm": resistance_ohm,
            "range": range,
            "test_name": test_name,
            "record_second": record_second,
            "record_volt": record_volt,
            "record_ampere": record_ampere,
            "valid_for_s": valid_for_s,
            "safety": safety,
        }
        return Lease(self, args, options)

    def readings(self) -> OfChannel[Reading | Gap]:
        """Each reading once, and a `Gap` where some are missing, from now on."""
        return OfChannel(Readings(self._stream("reading")))

    def states(self) -> OfChannel[ChannelState]:
        """The state that holds, and each change of it."""
        return OfChannel(States(self._stream("state")))

    def events(self) -> OfChannel[AnyEvent]:
        """Each event once, from now on."""
        return OfChannel(Events(self._stream("event")))

    def aux(self) -> OfChannel[Aux]:
        """Auxiliary inputs, from now on."""
        return OfChannel(AuxInputs(self._stream("aux")))

    def _stream(self, leaf: str) -> Stream:
        return _listening(self._link, self.cycler, self.number, leaf)


class ChannelGroup(ChannelVerbs):
    """Several channels of one cycler, with one id and one summary.

    A summary that is not done for all raises the error of the worst; its
    `acknowledgement.results` says what became of each.
    """

    def __init__(self, link: Link, reach: Reach, margin_s: float, extra: dict[str, Any]) -> None:
        assert reach.cycler is not None, "it is of one cycler"
        super().__init__(link, reach.cycler, (f"{reach.cycler}/telemetry/ack",), margin_s, reach)
        self._keys = extra

    def _extra(self) -> dict[str, Any]:
        return self._keys


class CyclerClient(CyclerVerbs):
    """One cycler; `[5]` is its channel 5.

    Attributes:
        name: in the topics.
    """

    def __init__(self, link: Link, name: str, margin_s: float) -> None:
        if not is_name(name) or name in RESERVED_NAMES:
            raise InvalidRequest(f"{name!r} is no cycler: a-z, 0-9, _ and - only", "cycler")
        super().__init__(link, name, (f"{name}/telemetry/ack",), margin_s)
        self.name = name

    def __getitem__(self, channel: int) -> ChannelClient:
        return ChannelClient(self._link, self.name, channel, self._margin_s)

    async def info(self, *, timeout_s: float = INFO_S) -> CyclerInfo:
        """Its channels, specifications and versions, as its bridge saw them last (`R/C/info`, retained).

        Raises:
            NothingPublished: no bridge has served a cycler of that name.
        """
        return await _info(self._link, Scope.CYCLER, self.name, CyclerInfo, timeout_s)

    def channels(
        self, which: str | list[int] = "all", *, atomic: bool = False, stagger_s: float = 0.0
    ) -> ChannelGroup:
        """Several channels: `"1-16,33"`, a list, or `"all"` that are served.

        Args:
            atomic: check all before anything is changed at any.
            stagger_s: from one channel to the next. Give `expires_s` for one; the last ones are
                waited for as much longer.
        """
        extra: dict[str, Any] = {"channels": which}
        if atomic:
            extra["atomic"] = True
        if stagger_s:
            extra["stagger_s"] = stagger_s
        reach = Reach.of(self.name, which)
        return ChannelGroup(self._link, reach, self._margin_s + stagger_s * len(reach), extra)

    def readings(self) -> Readings:
        """Of all channels: `async for channel, reading in ...`, each reading once, with the gaps."""
        return Readings(self._stream("reading"))

    def states(self) -> States:
        """Of all channels, those that hold first: `async for channel, state in ...`."""
        return States(self._stream("state"))

    def events(self) -> Events:
        """Of all channels, each once: `async for channel, event in ...`."""
        return Events(self._stream("event"))

    def aux(self) -> AuxInputs:
        """Of all channels: `async for channel, aux in ...`."""
        return AuxInputs(self._stream("aux"))

    def _stream(self, leaf: str) -> Stream:
        return _listening(self._link, self.name, None, leaf)


class BridgeParty(BridgeVerbs):
    """A bridge itself: `ping`, `query`, `cancel`, `set_log_level`.

    Attributes:
        name: in the topics.
    """

    def __init__(self, link: Link, name: str, margin_s: float) -> None:
        if not is_name(name):
            raise InvalidRequest(f"{name!r} is no bridge: a-z, 0-9, _ and - only", "bridge")
        super().__init__(link, f"bridge/{name}", (f"bridge/{name}/ack",), margin_s)
        self.name = name

    async def info(self, *, timeout_s: float = INFO_S) -> BridgeInfo:
        """Its cyclers, verbs, version and configuration, when it started last (`R/bridge/B/info`, retained).

        Raises:
            NothingPublished: there has been no bridge of that name.
        """
        return await _info(self._link, Scope.BRIDGE, self.name, BridgeInfo, timeout_s)


def _listening(link: Link, cycler: str, channel: int | None, leaf: str) -> Stream:
    stream = Stream(link.root, cycler, channel, leaf)
    link.listen(stream)
    return stream


async def _info(link: Link, scope: Scope, name: str, kind: type[T], timeout_s: float) -> T:
    stream = InfoStream(link.root, scope, name)
    link.listen(stream)
    try:
        async with asyncio.timeout(timeout_s):
            _, payload = await stream.get()
    except (TimeoutError, StopAsyncIteration):
        raise NothingPublished(stream.topic_filter, timeout_s) from None
    return msgspec.json.decode(payload, type=kind)
