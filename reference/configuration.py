"""The page of all keys of the configuration, from the Structs that check it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from macnet_bridge.app.config import PATTERNS_IN_WORDS, Config
from macnet_bridge.app.load import ENVIRONMENT_PREFIX, SECTIONS
from reference.contract import bounds
from reference.markdown import table

_INTRODUCTION = """\
# All keys of the configuration

Made by `python -m reference` from the types that check the file. What the keys mean, and what follows from
them, is in [Configuration](../configuration.md); `macnet-bridge check -c bridge.toml` tells what is wrong
with a file.

A key that is needed has no default. Where there is an environment variable, it replaces what the file says.
"""
_PREFIX = "#/$defs/"
_UNITS = {
    "s": "s",
    "ms": "ms",
    "h": "h",
    "days": "days",
    "mb": "MB",
    "volt": "V",
    "ampere": "A",
    "watt": "W",
    "ah": "Ah",
}
_BY_SYSTEM = {"bridge.data_dir": '`"/var/lib/macnet-bridge"`, on Windows `%PROGRAMDATA%\\macnet-bridge`'}
_WORDS = {"integer": "whole number", "string": "text", "boolean": "`true` or `false`"}


class Section(NamedTuple):
    """A table of the file: its head there, where the hand-written page has it, the Struct, its path."""

    head: str
    anchor: str
    struct: str
    path: str = ""


_SECTIONS = (
    Section("[bridge]", "bridge", "BridgeSection", "bridge"),
    Section("[mqtt]", "mqtt", "MqttSection", "mqtt"),
    Section("[telemetry]", "telemetry-and-per-cycler-cyclertelemetry", "TelemetrySection", "telemetry"),
    Section("telemetry.deadband", "telemetry-and-per-cycler-cyclertelemetry", "DeadbandSection"),
    Section("[telemetry.spool]", "telemetry-and-per-cycler-cyclertelemetry", "SpoolSection"),
    Section("[commands]", "commands", "CommandsSection", "commands"),
    Section("[[commands.allow]]", "commandsallow", "AllowSection"),
    Section("[audit]", "audit", "AuditSection"),
    Section("[[cycler]]", "cycler", "CyclerSection"),
    Section("[cycler.telemetry]", "telemetry-and-per-cycler-cyclertelemetry", "TelemetryOverride"),
    Section("[cycler.limits]", "cycler", "Limits"),
    Section("[cycler.channel.N]", "cycler", "ChannelSection"),
)


def configuration_page() -> str:
    """docs/reference/configuration.md"""
    return "\n".join(_lines())


def structs() -> set[str]:
    """The names of all Structs of the configuration but the one of the whole file."""
    return {*msgspec.json.schema(Config)["$defs"]} - {Config.__name__}


def sections() -> tuple[Section, ...]:
    """The tables of the page, in their order."""
    return _SECTIONS


def _lines() -> Iterator[str]:
    schemas = msgspec.json.schema(Config)["$defs"]
    yield _INTRODUCTION
    for section in _SECTIONS:
        yield f"## `{section.head}`"
        yield ""
        yield f"[What they mean](../configuration.md#{section.anchor})"
        yield ""
        schema = schemas[section.struct]
        heads = ("key", "type", "unit", "default", "environment variable")
        yield from table(heads, [_row(section, key, schema) for key in schema["properties"]])


def _row(section: Section, key: str, schema: dict[str, Any]) -> tuple[str, ...]:
    of = schema["properties"][key]
    return f"`{key}`", _type(of), _unit(key), _default(section, key, schema), _variable(section, key)


def _unit(key: str) -> str:
    return _UNITS.get(key.rpartition("_")[2], "")


def _default(section: Section, key: str, schema: dict[str, Any]) -> str:
    if key in schema.get("required", ()):
        return "**needed**"
    if (name := f"{section.path}.{key}") in _BY_SYSTEM:
        return _BY_SYSTEM[name]
    default = schema["properties"][key].get("default")
    if isinstance(default, dict):
        return "see there" if default else "none"
    return "none" if default is None else f"`{json.dumps(default)}`"


def _variable(section: Section, key: str) -> str:
    # A list of tables has to be in the file.
    if section.path not in SECTIONS or key == "allow":
        return ""
    return f"`{ENVIRONMENT_PREFIX}{section.path.upper()}_{key.upper()}`"


def _type(schema: dict[str, Any]) -> str:
    """The type of a value, in words."""
    if "$ref" in schema:
        return _link(schema["$ref"].removeprefix(_PREFIX))
    if "anyOf" in schema:
        kinds = [_type(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    return _plain(schema)


def _plain(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object":
        return f"table of {_type(schema['additionalProperties'])}"
    if "pattern" in schema:
        return PATTERNS_IN_WORDS[schema["pattern"]]
    return " ".join([_WORDS.get(kind, kind), *bounds(schema)])


def _link(struct: str) -> str:
    (head,) = (section.head for section in _SECTIONS if section.struct == struct)
    return f"[`{head}`](#{''.join(sign for sign in head.lower() if sign.isalnum())})"
