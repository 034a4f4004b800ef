"""The page of one function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES
from macnet_bridge.macnet.protocol.functions import ECHO, FORMS, Effect, Function, Target
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message, Outcome
from macnet_bridge.simulator.sockets import dialects
from macnet_bridge.topics import Scope
from reference import sections
from reference.derived import code_tables, methods, verbs
from reference.markdown import block, hex_lines, linked, table, wrapped_json
from reference.samples import CHANNEL, REQUEST_ID, exchanges
from reference.wording import EFFECTS, TARGETS, retry

Row = Function[Any, Any]

_INSTEAD = {
    (0, 0): "Sends back what it gets: whether the tester answers, and how fast.",
    (1, 2): "What the tester consists of.",
    (1, 5): "The names of the files of a type, one by one.",
    (3, 1): "Ranges and hardware limits of channels.",
    (6, 1): "Selects channels, or deselects them.",
    (6, 2): "Starts a test.",
    (6, 3): "Suspends a running test.",
    (7, 1): "Versions and state of the smart battery interface.",
    (7, 4): "A register as it was last polled.",
    (8, 1): "Logs in, with user and password.",
    (8, 2): "Logs out.",
}
"""Where the docstring of the method speaks of the method rather than of the function."""

_IN_TELEMETRY = {
    (4, 1): "sweeps and states",
    (4, 2): "sweeps",
    (4, 3): "sweeps",
    (4, 9): "sweeps",
    (4, 7): "readings",
    (4, 6): "states, for the test's name",
}
_SCOPES = {
    Scope.CHANNEL: "of a channel",
    Scope.CYCLER: "of a cycler",
    Scope.BRIDGE: "of the bridge",
    Scope.ALL: "of all",
}


def page(row: Row) -> str:
    """The whole page."""
    parts = [*_head(row), *_form(row, "##")]
    if row.number in FORMS:
        parts += _second_form(FORMS[row.number].function, row)
    parts += [*_results(row), *_codes(row)]
    return "\n".join(parts).rstrip() + "\n"


def what_it_does(row: Row) -> str:
    """One sentence or two."""
    return _INSTEAD.get(row.number) or methods(row.number)[0].does.rstrip(".") + "."


def transports(row: Row) -> str:
    """The ways that a row can go."""
    json = ["JSON over TCP"] * row.json
    return "; ".join([*json, *["binary over TCP and UDP"] * row.binary])


def _head(row: Row) -> Iterator[str]:
    yield f"# ({row.fclass}, {row.fnum}) {row.name}"
    yield ""
    yield what_it_does(row)
    yield ""
    yield from _facts(row)
    yield f"- **MQTT:** {_over_mqtt(row)}"
    yield "- **Python:**"
    yield from (f"    - `AsyncCycler.{each.call}`: {each.does.rstrip('.')}." for each in methods(row.number))
    yield ""


def _facts(row: Row) -> Iterator[str]:
    yield f"- **Target:** {TARGETS[row.target]}"
    yield f"- **Effect:** {EFFECTS[row.effect]}"
    yield f"- **Sent twice:** {'leaves the tester as' if row.idempotent else 'not the same as'} sent once"
    yield f"- **After a lost reply:** {retry(row)}"
    yield f"- **Transports:** {transports(row)}"


def _over_mqtt(row: Row) -> str:
    """Verbs, and telemetry, with links."""
    asked = [f"`{verb.name}` {_SCOPES[verb.scope]}" for verb in verbs(row.number)]
    said = [f"verb {', '.join(asked)} ([commands](../commands.md))"] * bool(asked)
    if row.number in _IN_TELEMETRY:
        said.append(f"{_IN_TELEMETRY[row.number]} ([topics](../topics.md))")
    return "; ".join(said) or "no verb"


def _form(row: Row, level: str, first: Row | None = None) -> Iterator[str]:
    yield from sections.request(row, f"{level} Request", first)
    yield from sections.reply(row, f"{level} Reply", first)
    odd = list(_peculiarities(row))
    if odd:
        yield f"{level} Peculiarities"
        yield ""
        yield from (f"- {linked(each, row.number)}" for each in odd)
        yield ""
    yield f"{level} Example"
    yield ""
    yield from _examples(row)


def _second_form(row: Row, first: Row) -> Iterator[str]:
    yield f"## Second form: {_form_name(row)}"
    yield ""
    yield from _facts(row)
    yield ""
    yield from _form(row, "###", first)


def _form_name(row: Row) -> str:
    return "all selected channels" if row.target is Target.ALL_SELECTED else TARGETS[row.target]


def _peculiarities(row: Row) -> Iterator[str]:
    """What the row itself says is odd."""
    if row is ECHO:
        yield "Every number of class 0 is an echo."
    if not row.json:
        yield "JSON does not have this form." if row.number in FORMS else "JSON does not have this function."
    if row.binary_only:
        yield f"JSON does not have {', '.join(f'`{name}`' for name in sorted(row.binary_only))}."
    for alias, name in row.aliases.items():
        yield f"In a JSON reply, `{alias}` is taken for `{name}`."
    if row.printed_as_request:
        yield "The manual prints the JSON reply with `method` and `params`; with `result` it is taken, too."
    yield from _numbers(row)
    yield from _sizes(row)
    yield from _bare_header(row)


def _numbers(row: Row) -> Iterator[str]:
    if row.misprinted_fnum is None:
        return
    where = "in JSON" if row.binary_reply[0].item_size and row.json else "as well"
    yield (
        f"The manual prints the number ({row.fclass}, {row.misprinted_fnum}) in the reply, by mistake as it "
        f"seems. A reply with that number is taken {where}."
    )
    if where == "in JSON":
        yield "In binary it is refused: without an id, a late reply to that function would look the same."


def _sizes(row: Row) -> Iterator[str]:
    for printed, right in row.misprinted_lengths.items():
        yield f"A binary reply that says `Len` {printed} has {right} bytes of data."
    item_bytes = row.binary_reply[0].item_size
    if isinstance(row.request, type) and issubclass(row.request, ChannelRange):
        yield "In a binary reply, `Len` may also be the number of channels."
    elif item_bytes > 1:
        yield "In a binary reply, `Len` may also be the number of inputs, when that many have arrived."


def _bare_header(row: Row) -> Iterator[str]:
    """What a reply means that has no data."""
    layout = next((each for each in row.binary_reply if each.matches(b"")), None)
    if layout is None or layout.item_size:
        is_doubt = row.effect is Effect.CHANGES and not row.results
        yield f"A bare header as binary reply is {'an unknown outcome' if is_doubt else 'a refusal'}."
    elif row.effect is Effect.CHANGES:
        yield "A bare header as binary reply is taken for yes."


def _examples(row: Row) -> Iterator[str]:
    for request, reply in exchanges(row):
        if row.json:
            yield from _json_example(row, request, reply)
        yield from _binary_example(row, request, reply)


def _json_example(row: Row, request: Message, reply: Message) -> Iterator[str]:
    asked = jsonrpc.encode_request(row, _channel(row), request, REQUEST_ID)
    answer = jsonrpc.encode_reply(row, _wire(row), dialects.for_json(row, reply), REQUEST_ID)
    yield f"{_asked_for(row)} by JSON, and its reply:"
    yield ""
    yield from block("json", [*wrapped_json(asked), *wrapped_json(answer)])


def _binary_example(row: Row, request: Message, reply: Message) -> Iterator[str]:
    yield f"{_asked_for(row)} in binary, and its reply:"
    yield ""
    for message in (
        binary.encode_request(row, _channel(row), request),
        binary.encode_reply(row, _wire(row), reply),
    ):
        yield from block("text", hex_lines(message[:HEADER_BYTES], message[HEADER_BYTES:]))


def _asked_for(row: Row) -> str:
    if row.target is Target.SYSTEM:
        return "A request"
    return (
        "A request for all selected channels"
        if row.target is Target.ALL_SELECTED
        else f"A request for channel {CHANNEL}"
    )


def _channel(row: Row) -> int:
    return 1 if row.target is Target.SYSTEM else CHANNEL


def _wire(row: Row) -> int:
    """The channel of the reply, which repeats what the request had."""
    return row.wire_channel(_channel(row)) + 1


def _results(row: Row) -> Iterator[str]:
    if not issubclass(row.reply, Outcome):
        return
    yield "## Results"
    yield ""
    yes = ", ".join(f"`{each}`" for each in sorted(row.success, key=str) if each != str(_least(row)))
    yield f"{yes}: done. Whatever has no code of its own is `MACNET_ERROR`; see [commands](../commands.md)."
    yield ""
    if row.results:
        rows = [(f"`{number}`", f"`{code}`", meaning) for number, (code, meaning) in row.results.items()]
        yield from table(("result", "code", "meaning"), rows)


def _least(row: Row) -> int:
    """The number among the results that say yes; its text is not worth a word."""
    return next(each for each in row.success if isinstance(each, int))


def _codes(row: Row) -> Iterator[str]:
    found = code_tables(row)
    if found:
        yield "## Codes"
        yield ""
    for each in found:
        for part in each.about.split("\n\n"):
            yield linked(part.replace("\n", " "), row.number)
            yield ""
        yield ", ".join(f"{number} `{word}`" for number, word in each.words)
        yield ""
