"""Blocks that are checked, not run: JSON by the types of the bridge, TOML by its loader, and so on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from typing import Any, get_args
from xml.etree import ElementTree

import click
import msgspec
import yaml  # type: ignore[import-untyped, unused-ignore]

from macnet_bridge.app.load import parse
from macnet_bridge.cli import cli
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.contract.table import TOPICS
from macnet_bridge.payloads.envelope import Envelope
from tests.docs.pages import Block

_ANY_CYCLER = '\n[[cycler]]\nname = "lab1"\nhost = "10.0.0.17"\n'
"""What a part of a file lacks."""

READY_LINES = ({"host", "json_port", "tcp_port", "udp_port", "channels"}, {"cyclers"})
"""Keys of what `macnet-bridge simulate` prints when it is ready."""


def check_json(block: Block) -> None:
    """It is a command, an answer, or something else that the bridge publishes, without a key too many."""
    keys = set(json.loads(block.text))
    fitting = [kind for kind in _published() if _fits(block.text, kind)]
    assert keys in READY_LINES or fitting or _is_command(block.text), f"{block.place}: no type has these keys"


def _published() -> Iterator[Any]:
    for row in TOPICS:
        for kind in get_args(row.payload) or (row.payload,):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield kind


def _fits(text: str, kind: Any) -> bool:
    try:
        msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        return False
    known = {info.encode_name for info in msgspec.structs.fields(kind)} | {kind.__struct_config__.tag_field}
    # Readers ignore unknown keys; an example must not have any.
    return set(json.loads(text)) <= known


def _is_command(text: str) -> bool:
    try:
        envelope = msgspec.json.decode(text, type=Envelope)
    except msgspec.ValidationError:
        return False
    arguments = bytes(envelope.args) if envelope.args else b"{}"
    return any(_takes(verb.arguments, arguments) for verb in VERBS.values())


def _takes(kind: type[msgspec.Struct], arguments: bytes) -> bool:
    try:
        msgspec.json.decode(arguments, type=kind)
    except msgspec.ValidationError:
        return False
    return True


def check_toml(block: Block) -> None:
    """The bridge takes it, as a whole file or as a part of one."""
    parse(block.text + (_ANY_CYCLER if "[[cycler]]" not in block.text else ""), block.place)


def check_command_line(block: Block) -> None:
    """Each line is a command of ours with options that it has."""
    for line in block.text.splitlines():
        program, name, *words = shlex.split(line.partition(" > ")[0])
        assert program == "macnet-bridge"
        command = cli.commands[name]
        assert isinstance(command, click.Command)
        command.make_parser(click.Context(command)).parse_args(words)


def check_yaml(block: Block) -> None:
    assert yaml.safe_load(block.text)


def check_xml(block: Block) -> None:
    ElementTree.fromstring(block.text)


CHECKS: dict[str, Callable[[Block], None]] = {
    "json": check_json,
    "toml": check_toml,
    "yaml": check_yaml,
    "xml": check_xml,
}
"""By language, of blocks that nothing else is said of."""
