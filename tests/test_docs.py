"""The documents name what the code has, and link to what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from macnet_bridge import __version__
from macnet_bridge.app.config import Config
from macnet_bridge.app.load import parse
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.errors import RETRYABLE_CODES
from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_RESULT_CODES
from macnet_bridge.payloads import acknowledgements, alarms, events, health, inputs, status, telemetry
from macnet_bridge.payloads.acknowledgements import Acknowledgement

PROJECT = Path(__file__).parents[1]
DOCUMENTS = sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")])


def words(name: str) -> set[str]:
    """Everything that stands between backquotes in a document, examples left out."""
    text = (PROJECT / "docs" / name).read_text("utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {word for quoted in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", quoted)}


def keys(table: type[msgspec.Struct]) -> Iterator[str]:
    """All keys of a section, those of its tables included."""
    for info in msgspec.structs.fields(table):
        yield info.encode_name
        for kind in (info.type, *get_args(info.type)):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from keys(kind)


def test_every_key_of_the_configuration_is_documented() -> None:
    assert set(keys(Config)) - words("configuration.md") == set()


def test_every_verb_and_argument_is_documented() -> None:
    arguments = {key for verb in VERBS.values() for key in keys(verb.arguments)}
    assert ({name for _, name in VERBS} | arguments) - words("commands.md") == set()


def test_every_code_of_the_tester_is_documented() -> None:
    tables = (
        codes.START_TEST_RESULTS,
        codes.CHECK_START_RESULTS,
        codes.ADVANCED_START_RESULTS,
        codes.LOGIN_RESULTS,
    )
    results = {code for table in tables for code, _ in table.values()} | {"FILE_ERROR"}
    assert (results | ERROR_RESULT_CODES | RETRYABLE_CODES) - words("commands.md") == set()


def test_every_event_and_alarm_is_documented() -> None:
    kinds = {kind.__struct_config__.tag for kind in get_args(events.AnyEvent)}
    assert (kinds | set(get_args(alarms.AlarmKind))) - words("topics.md") == set()


def test_every_status_is_documented() -> None:
    assert set(get_args(acknowledgements.Status)) - words("commands.md") == set()


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("topics.md", (status.BridgeStatus, status.CyclerStatus, telemetry.ChannelState)),
        ("topics.md", (telemetry.Reading, telemetry.Sweep, health.BridgeHealth)),
        ("topics.md", (inputs.Aux, inputs.Variables)),
        ("topics.md", (events.Completed, events.DirectLapsed, alarms.Alarm)),
        ("commands.md", (Acknowledgement,)),
    ],
)
def test_examples_fit_their_types(name: str, kinds: tuple[type[Any], ...]) -> None:
    text = (PROJECT / "docs" / name).read_text("utf-8")
    examples = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for kind in kinds:
        fitting = [example for example in examples if _fits(example, kind)]
        assert fitting, f"{name} has no example of {kind.__name__}"


def _fits(example: str, kind: type[Any]) -> bool:
    try:
        decoded = msgspec.json.decode(example, type=kind)
    except msgspec.ValidationError:
        return False
    # Unknown keys are ignored by readers; an example must not have any.
    known = {info.encode_name for info in msgspec.structs.fields(kind)} | {kind.__struct_config__.tag_field}
    assert set(msgspec.json.decode(example)) <= known
    return decoded is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8"))
    missing = [
        target for target in targets if "://" not in target and not (document.parent / target).exists()
    ]
    assert missing == []


def test_the_first_configuration_fits_the_shipped_access_list() -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```", (PROJECT / "README.md").read_text("utf-8"), re.M | re.S)
    config = parse(text, "README.md")
    acl = (PROJECT / "mosquitto" / "acl").read_text("utf-8")
    assert f"user {config.mqtt.username}\ntopic readwrite {config.mqtt.root}/#" in acl


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__}" in (PROJECT / "docs" / "changelog.md").read_text("utf-8")
