"""Reads the configuration: the file, then `MACNET_*` environment variables over it.

Every mistake becomes one line that names the place and what to write instead.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct

from macnet_bridge.app.config import Config, CyclerSection
from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.permission import parse_channels
from macnet_bridge.errors import ConfigError
from macnet_bridge.topics import RESERVED_NAMES, is_name

ENVIRONMENT_PREFIX = "MACNET_"
_SECTIONS = ("bridge", "mqtt", "telemetry", "commands")

_NOT_YET = (
    "telemetry.aux_interval_s",
    "telemetry.variables_interval_s",
    "telemetry.deadband",
    "telemetry.spool",
    "commands.journal_days",
)
_NOT_YET_OF_CYCLER = ("user", "password_env", "direct_watchdog_s", "output_interval_ms")
_NOT_YET_OF_CYCLER_TELEMETRY = ("aux_interval_s", "variables_interval_s", "deadband")


def load(path: str | Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: with file, line where there is one, key, and what is wrong.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cannot read {path}: {reason}") from None
    return parse(text, str(path), environment)


def parse(text: str, source: str, environment: Mapping[str, str] = {}) -> Config:
    """Check a configuration given as TOML. `source` names it in errors. Raises ConfigError."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not TOML: {error}") from None
    _overlay(values, environment)
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}{_explain(error, text)}") from None
    for complaint in _complaints(config):
        raise ConfigError(f"{source}: {complaint}")
    return config


def password(config: Config, environment: Mapping[str, str] = os.environ) -> str:
    """The broker's password, from its file or variable; empty when neither is configured.

    Raises:
        ConfigError: it is configured and not there.
    """
    mqtt = config.mqtt
    if mqtt.password_file:
        try:
            return Path(mqtt.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ConfigError(
                f"mqtt.password_file: cannot read {mqtt.password_file}: {error.strerror}"
            ) from None
    if mqtt.password_env:
        if mqtt.password_env not in environment:
            raise ConfigError(f"mqtt.password_env: the environment has no {mqtt.password_env}")
        return environment[mqtt.password_env]
    return ""


def _overlay(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    """`MACNET_MQTT_URL` replaces `mqtt.url`, and so on for the keys of the four plain sections."""
    for variable, text in environment.items():
        section, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
        if variable.startswith(ENVIRONMENT_PREFIX) and section in _SECTIONS:
            values.setdefault(section, {})[key] = _as_toml(text)


def _as_toml(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


# --- explaining what msgspec found

_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_AT = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`")


def _explain(error: msgspec.ValidationError, text: str) -> str:
    at = _AT.search(str(error))
    path = at["path"] if at else ""
    what = _AT.sub("", str(error))
    unknown = _UNKNOWN.search(what)
    key = unknown["key"] if unknown else re.sub(r"\[.*", "", path.rpartition(".")[2])
    where = f"{path}.{key}".strip(".") if unknown else path
    message = f"unknown key {where!r}{_nearest(key, path)}" if unknown else f"{where}: {what}"
    line = _line_of(key, text)
    return f", line {line}: {message}" if line else f": {message}"


def _nearest(key: str, path: str) -> str:
    """A guess at the key that was meant, among those of the same table."""
    table: Any = Config
    for part in re.sub(r"\[[^]]*\]", "", path).split("."):
        if part:
            table = _table_below(table, part)
    known = [info.encode_name for info in msgspec.structs.fields(table)] if _is_table(table) else []
    found = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else f"; there are {', '.join(known)}"


def _table_below(table: Any, key: str) -> Any:
    for info in msgspec.structs.fields(table) if _is_table(table) else ():
        if info.encode_name == key:
            return next((kind for kind in _kinds(info.type) if _is_table(kind)), None)
    return None


def _kinds(kind: Any) -> Iterator[Any]:
    yield kind
    for part in get_args(kind):
        yield from _kinds(part)


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _line_of(key: str, text: str) -> int | None:
    pattern = re.compile(rf'^\s*(?:\[+.*\b)?"?{re.escape(key)}"?\s*(?:=|\])|[{{,]\s*{re.escape(key)}\s*=')
    lines = [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    # Two lines of that name: which of them is meant cannot be told, the path has to do.
    return lines[0] if len(lines) == 1 else None


# --- what types cannot say


def _complaints(config: Config) -> Iterator[str]:
    if not config.cycler:
        yield "no [[cycler]] is configured; add one with name and host"
    if config.bridge.name in RESERVED_NAMES:
        yield f"bridge.name: {config.bridge.name!r} is reserved"
    yield from _duplicates(config.cycler)
    for cycler in config.cycler:
        yield from _cycler_complaints(cycler)
    for rule in config.commands.allow:
        if rule.principal != "*" and not is_name(rule.principal):
            yield f"commands.allow: principal {rule.principal!r} is no name"
        unknown = set(rule.cyclers or ()) - {cycler.name for cycler in config.cycler}
        if unknown:
            yield f"commands.allow: cyclers {sorted(unknown)} are not configured"
        parse_channels(rule.channels)
    yield from _not_yet(config, "", _NOT_YET)


def _cycler_complaints(cycler: CyclerSection) -> Iterator[str]:
    where = f"cycler {cycler.name}"
    if cycler.name in RESERVED_NAMES:
        yield f"{where}: this name is reserved"
    try:
        parse_channels(cycler.channels)
    except ConfigError as error:
        yield f"{where}: {error}"
    for number, channel in cycler.channel.items():
        if not number.isdecimal() or int(number) < 1:
            yield f"{where}: [cycler.channel.{number}] is no channel; they count from 1"
        if channel.aux:
            yield f"{where}: channel.{number}.aux is not available in this version; leave it out"
        if loosened := _loosened(cycler.limits, channel.limits):
            yield f"{where}: channel.{number}.limits.{loosened} is wider than the cycler's"
    yield from _not_yet(cycler, f"{where}: ", _NOT_YET_OF_CYCLER)
    yield from _not_yet(cycler.telemetry, f"{where}: telemetry.", _NOT_YET_OF_CYCLER_TELEMETRY)


def _duplicates(cyclers: list[CyclerSection]) -> Iterator[str]:
    names: set[str] = set()
    ports: set[tuple[str, int]] = set()
    for cycler in cyclers:
        if cycler.name in names:
            yield f"two cyclers are called {cycler.name!r}"
        if (cycler.host, cycler.json_port) in ports:
            yield f"two cyclers have the address {cycler.host}:{cycler.json_port}"
        names.add(cycler.name)
        ports.add((cycler.host, cycler.json_port))


def _loosened(outer: Limits, inner: Limits) -> str | None:
    """The first limit of a channel that is wider than its cycler's."""
    both = outer.tightened(inner)
    return next(
        (
            name
            for name in inner.__struct_fields__
            if getattr(inner, name) is not None and getattr(both, name) != getattr(inner, name)
        ),
        None,
    )


def _not_yet(table: Struct, prefix: str, paths: tuple[str, ...]) -> Iterator[str]:
    """Keys that the contract has and this version does not act on: only their defaults pass."""
    for path in paths:
        value, default = _follow(table, path), _follow(_default_of(table), path)
        if value != default:
            yield f"{prefix}{path} is not available in this version; leave it out"


def _default_of(table: Struct) -> Struct:
    return CyclerSection(name="x", host="x") if isinstance(table, CyclerSection) else type(table)()


def _follow(table: Any, path: str) -> Any:
    for part in path.split("."):
        table = getattr(table, part)
    return table
