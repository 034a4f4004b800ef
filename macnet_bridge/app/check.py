"""What is wrong with a configuration although every value is of its type."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec import structs

from macnet_bridge.app.config import AllowSection, Channels, Config, CyclerSection, MqttSection
from macnet_bridge.app.http import host_and_port
from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.permission import parse_channels
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.errors import ConfigError
from macnet_bridge.topics import RESERVED_NAMES, is_name

_KNOWN_VERBS = sorted({name for _, name in VERBS})


def complaints(config: Config) -> Iterator[str]:
    """All that is wrong, each in a line that names the key."""
    if not config.cycler:
        yield "no [[cycler]] is configured; add one with name and host"
    if config.bridge.name in RESERVED_NAMES:
        yield f"bridge.name: {config.bridge.name!r} is reserved"
    yield from _of_http(config.bridge.http)
    yield from _of_reply_prefixes(config.mqtt)
    yield from _duplicates(config.cycler)
    for cycler in config.cycler:
        yield from _of_cycler(cycler)
    for rule in config.commands.allow:
        yield from _of_rule(rule, config)


def _of_http(address: str) -> Iterator[str]:
    try:
        if address:
            host_and_port(address)
    except ConfigError as error:
        yield str(error)


def _of_reply_prefixes(mqtt: MqttSection) -> Iterator[str]:
    for prefix in mqtt.reply_prefixes:
        levels, root = prefix.strip("/").split("/"), mqtt.root.split("/")
        shared = min(len(levels), len(root))
        if not prefix.strip("/") or not set("+#\0").isdisjoint(prefix):
            yield f"mqtt.reply_prefixes: {prefix!r} is no topic to put others below"
        elif levels[:shared] == root[:shared] and levels[: shared + 1] != [*root, "reply"]:
            # Whoever may command could have acknowledgements published as readings or commands.
            yield f"mqtt.reply_prefixes: the bridge's own topics are below {prefix!r}, or it is one of them"


def _of_rule(rule: AllowSection, config: Config) -> Iterator[str]:
    if rule.principal != "*" and not is_name(rule.principal):
        yield f"commands.allow: principal {rule.principal!r} is no name"
    unknown = set(rule.cyclers or ()) - {cycler.name for cycler in config.cycler}
    if unknown:
        yield f"commands.allow: cyclers {sorted(unknown)} are not configured"
    yield from _of_channels("commands.allow", rule.channels)
    for pattern in rule.commands:
        if not any(fnmatchcase(verb, pattern) for verb in _KNOWN_VERBS):
            near = difflib.get_close_matches(pattern, _KNOWN_VERBS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield f"commands.allow: no verb is called {pattern!r}{hint}"


def _of_cycler(cycler: CyclerSection) -> Iterator[str]:
    where = f"cycler {cycler.name}"
    if cycler.name in RESERVED_NAMES:
        yield f"{where}: this name is reserved"
    if bool(cycler.user) is not bool(cycler.password_env):
        missing = "password_env" if cycler.user else "user"
        yield f"{where}: {missing} is missing; a log-in needs user and password_env, or neither"
    yield from _of_channels(where, cycler.channels)
    yield from _of_limits(f"{where}: limits", cycler.limits)
    for number, channel in cycler.channel.items():
        if not _is_channel(number):
            yield f"{where}: [cycler.channel.{number}] is no channel; write a number from 1 up"
        yield from _of_aux(f"{where}: channel.{number}.aux", channel.aux)
        yield from _of_channel_limits(f"{where}: channel.{number}.limits", channel.limits, cycler.limits)


def _of_channel_limits(where: str, limits: Limits, of_cycler: Limits) -> Iterator[str]:
    yield from _of_limits(where, limits)
    if loosened := _loosened(of_cycler, limits):
        yield f"{where}.{loosened} is wider than the cycler's"
    elif not (_crossed(limits) or _crossed(of_cycler)) and (crossed := _crossed(of_cycler.tightened(limits))):
        yield f"{where}, with the cycler's: {crossed}"


def _of_aux(where: str, names: Mapping[str, str]) -> Iterator[str]:
    for place, name in names.items():
        if not _is_channel(place):
            yield f"{where}: {place!r} is no input; write a number from 1 up"
        if not name or re.fullmatch(r"aux_\d+", name):
            yield f"{where}: input {place} needs a name, and not one of those that inputs without one have"
    if len(set(names.values())) < len(names):
        yield f"{where}: two inputs have the same name"


def _is_channel(number: str) -> bool:
    # "05" beside "5" would be two tables for one channel, and one of them would not hold.
    return number.isascii() and number.isdecimal() and not number.startswith("0")


def _of_channels(where: str, channels: Channels) -> Iterator[str]:
    try:
        parse_channels(channels)
    except ConfigError as error:
        yield f"{where}: {error}"


def _of_limits(where: str, limits: Limits) -> Iterator[str]:
    for name, value in structs.asdict(limits).items():
        if value is None:
            continue
        if not math.isfinite(value):
            yield f"{where}.{name}: {value} is no limit"
        elif value < 0 and not name.startswith("voltage"):
            yield f"{where}.{name}: {value:g} is below 0; limits of current and power are magnitudes"
    if crossed := _crossed(limits):
        yield f"{where}: {crossed}"


def _crossed(limits: Limits) -> str | None:
    low, high = limits.voltage_min_volt, limits.voltage_max_volt
    if low is None or high is None or low < high:
        return None
    return f"voltage_min_volt {low:g} is not below voltage_max_volt {high:g}"


def _duplicates(cyclers: list[CyclerSection]) -> Iterator[str]:
    """Names and addresses that are there twice: commands would reach the wrong tester."""
    names: set[str] = set()
    users: dict[tuple[str, str, int], str] = {}
    for cycler in cyclers:
        if cycler.name in names:
            yield f"two cyclers are called {cycler.name!r}"
        names.add(cycler.name)
        for key in ("json_port", "tcp_port", "udp_port"):
            port: int = getattr(cycler, key)
            place = ("udp" if key == "udp_port" else "tcp", cycler.host.lower(), port)
            if place in users:
                yield f"cycler {cycler.name}: {key}: {cycler.host}:{port} is {users[place]} already"
            users[place] = f"{key} of cycler {cycler.name}"


def _loosened(outer: Limits, inner: Limits) -> str | None:
    """The first limit of a channel that is wider than its cycler's."""
    both = outer.tightened(inner)
    for name in inner.__struct_fields__:
        if getattr(inner, name) is not None and getattr(both, name) != getattr(inner, name):
            return name
    return None
