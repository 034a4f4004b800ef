"""Stops channels straight at their testers, by MacNet: no broker, no bridge is needed for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from macnet_bridge.app import wiring
from macnet_bridge.app.config import Config, CyclerSection
from macnet_bridge.app.load import login_of
from macnet_bridge.commands.permission import parse_channels
from macnet_bridge.errors import ConfigError, MacNetBridgeError, TesterOffline
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.cycler.stopping import Stopper
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.tester import Tester

EVERYTHING = "all"


class Stopped(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one channel.

    Attributes:
        channel: None where the tester did not even tell its channels.
        confirmed: whether the tester's state shows that nothing runs.
        state: that state.
        suspended: whether it was told to suspend; a channel that is stopped already is left alone.
        error: what went wrong.
    """

    cycler: str
    channel: int | None = None
    confirmed: bool
    state: str | None = None
    suspended: bool = False
    error: str | None = None


class Target(Struct, frozen=True):
    """Channels of a cycler, None for all that are served."""

    cycler: CyclerSection
    channels: frozenset[int] | None


def read_targets(texts: Sequence[str], config: Config) -> list[Target]:
    """What is to be stopped, from `all`, `lab1`, `lab1/5` or `lab1/1-16,33`.

    Raises:
        ConfigError: there is no such thing in the configuration.
    """
    sections = {section.name: section for section in config.cycler}
    wanted: dict[str, frozenset[int] | None] = {}
    for text in texts:
        if text == EVERYTHING:
            wanted = dict.fromkeys(sections)
            break
        name, slash, channels = text.partition("/")
        if name not in sections:
            raise ConfigError(f"no cycler {name!r} in the configuration; it has {', '.join(sections)}")
        chosen = _served(sections[name], channels) if slash else None
        before = wanted.get(name, frozenset())
        wanted[name] = None if chosen is None or before is None else before | chosen
    return [Target(sections[name], channels) for name, channels in wanted.items()]


def _served(section: CyclerSection, text: str) -> frozenset[int] | None:
    chosen, served = parse_channels(text), parse_channels(section.channels)
    if chosen is not None and served is not None and (others := chosen - served):
        raise ConfigError(f"{section.name}: channel {min(others)} is not one of those configured")
    return chosen


async def stop(
    targets: Sequence[Target], config: Config, environment: Mapping[str, str] = os.environ
) -> list[Stopped]:
    """Stop all targets at the same time; a tester that does not answer holds up no other."""
    cyclers = (_stop_cycler(target, config, environment) for target in targets)
    return [stopped for of_cycler in await asyncio.gather(*cyclers) for stopped in of_cycler]


async def _stop_cycler(target: Target, config: Config, environment: Mapping[str, str]) -> list[Stopped]:
    name = target.cycler.name
    try:
        tester = wiring.tester(target.cycler, config, login_of(target.cycler, environment))
    except ConfigError as error:
        return [Stopped(cycler=name, confirmed=False, error=str(error))]
    try:
        await _count_channels(tester, target)
        return await _stop_channels(tester, target.channels)
    except MacNetBridgeError as error:
        channels = sorted(target.channels or [])
        failed = Stopped(cycler=name, confirmed=False, error=f"{error.code}: {error}")
        return [structs.replace(failed, channel=channel) for channel in channels] or [failed]
    finally:
        tester.cycler.close()


async def _count_channels(tester: Tester, target: Target) -> None:
    """MacNet (1, 2)

    Raises:
        MacNetBridgeError: it cannot be known, and no channels were named.
    """
    try:
        await tester.cycler.read_system_info(line=Line.STOPS)
    except TesterOffline:
        raise
    except MacNetBridgeError:
        if target.channels is None:
            raise


async def _stop_channels(tester: Tester, chosen: frozenset[int] | None) -> list[Stopped]:
    stopper = Stopper(tester.cycler)
    channels = tester.channels if chosen is None else sorted(chosen)
    return list(await asyncio.gather(*(_stop_channel(stopper, tester.name, n) for n in channels)))


async def _stop_channel(stopper: Stopper, cycler: str, channel: int) -> Stopped:
    sent: list[int] = []
    try:
        state = await stopper.stop(channel, lambda: sent.append(channel))
    except MacNetBridgeError as error:
        why = f"{error.code}: {error}"
        return Stopped(cycler=cycler, channel=channel, confirmed=False, suspended=bool(sent), error=why)
    word = None if state is None else ChannelState.word(state)
    return Stopped(
        cycler=cycler, channel=channel, confirmed=state is not None, state=word, suspended=bool(sent)
    )
