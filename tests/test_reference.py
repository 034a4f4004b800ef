"""The pages of MacNet's functions are those that the table makes, and what they show is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.functions import FORMS, FUNCTIONS, Function, find_form
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.topics import Scope
from reference.__main__ import FOLDER, pages
from reference.contract import DOCS, contract_files
from reference.derived import methods, verbs
from reference.markdown import hex_lines, linked, page_name, table, wrapped_json
from reference.node_red import PLACE as NODE_RED
from reference.node_red import verbs_file
from reference.samples import REQUEST_ID, exchanges
from reference.sections import layout_rows

MADE = pages()
ROWS = [*FUNCTIONS.values(), *(form.function for form in FORMS.values())]
LAYOUTS = [layout for row in ROWS for layout in (*row.binary_request, *row.binary_reply) if layout.notation]


def test_the_committed_pages_are_those_that_are_made() -> None:
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in MADE.keys() | committed if MADE.get(name) != committed.get(name))
    assert stale == [], "make them anew: python -m reference"


@pytest.mark.parametrize("name", ["asyncapi.json", "schema.json", "reference-topics.md"])
def test_the_committed_contract_is_the_one_that_is_made(name: str) -> None:
    # Not compared by pytest: it would take minutes to show the differences.
    same = (DOCS / name).read_text("utf-8") == contract_files()[name]
    assert same, "make it anew: python -m reference"


def test_the_verbs_of_the_node_red_package_are_those_that_are_made() -> None:
    same = NODE_RED.read_text("utf-8") == verbs_file()
    assert same, "make it anew: python -m reference"


def test_every_function_has_a_page_and_a_line_in_the_index() -> None:
    assert len(MADE) - 1 == len(FUNCTIONS) == 57
    links = re.findall(r"^\| \[\(\d+, \d+\) \w+\]\(([^)]+)\)", MADE["README.md"], re.MULTILINE)
    assert links == [page_name(number) for number in FUNCTIONS]


def test_every_verb_that_names_functions_is_on_their_pages() -> None:
    found = {verb.name for number in FUNCTIONS for verb in verbs(number)}
    of_no_tester = {"cancel", "lock", "query", "set_log_level", "unlock"}
    assert {verb.name for verb in VERBS.values()} - found == of_no_tester


def test_verbs_of_a_function() -> None:
    assert {"start_test", "set_safety_limits"} <= {verb.name for verb in verbs((6, 10))}
    assert {(verb.scope, verb.name) for verb in verbs((6, 3))} == {
        (Scope.ALL, "suspend"),
        (Scope.CHANNEL, "suspend"),
        (Scope.CHANNEL, "stop_direct"),
    }
    assert verbs((8, 1)) == []  # the bridge logs in by itself


def test_every_function_has_a_method() -> None:
    assert [number for number in FUNCTIONS if not methods(number)] == []


@pytest.mark.parametrize("name", MADE)
def test_no_table_has_an_empty_column_and_every_row_is_as_wide(name: str) -> None:
    for rows in tables(MADE[name]):
        columns = list(zip(*rows, strict=True))
        assert all(any(column[2:]) for column in columns), rows[0]


def tables(text: str) -> Iterator[list[list[str]]]:
    for found in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        yield [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.notation[:40])
def test_offsets_add_up_to_the_size_of_the_layout(layout: Layout[Any]) -> None:
    at = 0
    for offset, size, *_ in layout_rows(layout):
        if size == "varies":
            return
        assert int(offset) == at
        at += int(size)
    assert at == layout.size


# --- examples


@pytest.mark.parametrize("row", [row for row in ROWS if row.json], ids=str)
def test_json_examples_are_the_exchanges(row: Function[Any, Any]) -> None:
    for (request, _), (asked, answer) in zip(exchanges(row), json_examples(row), strict=True):
        read = jsonrpc.decode_request(asked)
        assert (read.function, read.request_id) == (row, REQUEST_ID)
        assert not row.binary_only.isdisjoint({"Len"}) or read.body == request
        channel = read.channel if asked_one(row) else 1
        reply = jsonrpc.decode_reply(row, channel, REQUEST_ID, answer, request=request)
        assert isinstance(reply, row.reply)


def json_examples(row: Function[Any, Any]) -> Iterator[tuple[bytes, bytes]]:
    for content in re.findall(r"```json\n(.*?)```", shown(row), re.DOTALL):
        asked, answer = re.split(r"\n(?=\{)", content.strip())
        yield asked.encode(), answer.encode()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_binary_examples_are_the_exchanges(row: Function[Any, Any]) -> None:
    messages = [bytes.fromhex(each) for each in re.findall(r"```text\n(.*?)```", shown(row), re.DOTALL)]
    assert len(messages) == 2 * len(exchanges(row))
    for at, (request, reply) in enumerate(exchanges(row)):
        asked, answer = (binary.split(message) for message in messages[2 * at : 2 * at + 2])
        form = find_form(*asked[0][:3], asked[1])
        assert form is not None
        assert form.number == row.number
        assert binary.decode_request(row, *asked) == request
        # A value that JSON alone has does not come back.
        channel = answer[0].channel + 1 if asked_one(row) else 1
        read = binary.decode_reply(row, channel, request, *answer)
        assert binary.encode_reply(row, answer[0].channel + 1, read) == messages[2 * at + 1]
        assert type(read) is type(reply)


def asked_one(row: Function[Any, Any]) -> bool:
    """Whether the channel of a request is one, and not all that are selected."""
    return row.wire_channel(1) == 0


def shown(row: Function[Any, Any]) -> str:
    """The part of a page that is about this row: its first form, or its second."""
    first, _, second = MADE[page_name(row.number)].partition("## Second form")
    return first if FUNCTIONS[row.number] is row else second


# --- the Markdown


def test_columns_without_content_are_left_out() -> None:
    assert list(table(("a", "b"), [("1", ""), ("2|3", "")])) == ["| a |", "|---|", "| 1 |", "| 2\\|3 |", ""]


def test_numbers_of_functions_are_links_but_for_the_page_itself() -> None:
    said = "See (4, 7), (6, 3) and (7, 16)."
    assert linked(said, (6, 3)) == "See [(4, 7)](4-7-status_and_readings.md), (6, 3) and (7, 16)."


def test_long_json_is_broken_between_members() -> None:
    text = b'{"a":"' + b"x" * 60 + b'","b":"' + b"y" * 60 + b'"}'
    assert [*wrapped_json(text)] == ['{"a":"' + "x" * 60 + '",', ' "b":"' + "y" * 60 + '"}']


def test_hex_has_its_header_in_a_line_of_its_own() -> None:
    assert [*hex_lines(bytes(8), bytes(17))] == ["00 " * 7 + "00", "00 " * 15 + "00", "00"]
