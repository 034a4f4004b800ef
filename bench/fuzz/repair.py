"""Mutations that know what a message is, so that most inputs get past the first check."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.fuzz.case import HEAD_BYTES, REQUEST_ID, Case, Side
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from tests.protocol.samples import ROWS

Change = Callable[[bytes, int], bytes]
"""Changes some bytes, to at most as many as the second argument says: the fuzzer's own mutation."""

_ODD: Sequence[Any] = (
    *(None, True, False, 0, 1, -1, 128, 255, 256, 65535, 65536, 2**31, 2**32, 2**63, 2**64, 10**30),
    *(0.5, -0.0, 1e38, 1e39, 1e308, float("nan"), float("inf"), "", "OK", "NaN", "é", "\0", " x ", [], {}),
    *("2016-11-14T09:24:08", "2016-11-14T09:24:08Z", "9999-12-31T23:59:59.999999", "0x20", [[]], [1, 2]),
)


_CUTS = 8


class Mutator:
    """Makes one input out of another."""

    def __init__(self, seeds: Sequence[bytes]) -> None:
        self._cases = [Case.of(seed) for seed in seeds]

    def mutate(self, data: bytes, most: int, seed: int, change: Change) -> bytes:
        """Another input of at most `most` bytes; the same for the same seed and `change`."""
        chosen = random.Random(seed)
        case = Case.of(data)
        how = chosen.random()
        if how < 0.1:
            case = self._begin_anew(case, chosen)
        if how < 0.2:
            case = case._replace(row=chosen.choice(ROWS))
        if chosen.random() < 0.2:
            case = case._replace(cuts=chosen.randrange(_CUTS))
        if case.side.is_json and how < 0.6:
            return _within(repaired(case, chosen, odd=chosen.random() < 0.8), most)
        head, stream = case.data()[:HEAD_BYTES], case.stream
        changed = Case.of(head + change(stream, max(0, most - HEAD_BYTES)))
        return _within(repaired(changed, chosen) if how < 0.7 else changed, most)

    def _begin_anew(self, case: Case, chosen: random.Random) -> Case:
        """An input to begin with, for the same row."""
        of_row = [each for each in self._cases if each.row is case.row]
        return chosen.choice(of_row or self._cases)


def _within(case: Case, most: int) -> bytes:
    return case.data()[:most]


def repaired(case: Case, chosen: random.Random, *, odd: bool = False) -> Case:
    """The same input with the header, or id and function, that its row wants.

    Args:
        odd: also put an odd value into the fields of a JSON message.
    """
    if not case.side.is_json:
        return case._replace(stream=_with_header(case, chosen))
    try:
        envelope = json.loads(case.stream)
    except (ValueError, RecursionError):
        return case
    if not isinstance(envelope, dict):
        return case
    indent = chosen.choice([None, None, None, 0, 4])
    fixed = _with_envelope(case, envelope)
    if odd:
        _put_odd(fixed, chosen)
    return case._replace(stream=json.dumps(fixed, indent=indent).encode())


def _with_header(case: Case, chosen: random.Random) -> bytes:
    """With the numbers of the row, and a Len that is right, or counts, or is one beside it."""
    data = case.stream[HEADER_BYTES:]
    fnum = chosen.choice([case.row.fnum] * 5 + [case.row.misprinted_fnum or case.row.fnum])
    length = chosen.choice([len(data)] * 4 + [len(data) // 4, case.channels, 0, 1, len(data) + 1])
    length = min(max(length, 0), 0xFFFF)
    return Header(case.row.fclass, fnum, case.row.wire_channel(case.channel), length).pack() + data


def _with_envelope(case: Case, envelope: dict[str, Any]) -> dict[str, Any]:
    found = envelope.get("result", envelope.get("params"))
    fields = dict(found) if isinstance(found, dict) else {}
    fields |= {"FClass": case.row.fclass, "FNum": case.row.fnum}
    if case.row.addresses_channel:
        fields["Chan"] = case.row.wire_channel(case.channel)
    if "error" in envelope and "result" not in envelope:
        return {**envelope, "id": REQUEST_ID}
    if case.side is Side.JSON_REPLIES:
        return {"jsonrpc": "2.0", "result": fields, "id": REQUEST_ID}
    return {"jsonrpc": "2.0", "method": "MacNet", "params": fields, "id": envelope.get("id", REQUEST_ID)}


def _put_odd(envelope: dict[str, Any], chosen: random.Random) -> None:
    """Put an odd value in some place of a message, or take away what is there."""
    place, key = chosen.choice(list(_places(envelope)))
    if chosen.random() < 0.2:
        del place[key]
    elif chosen.random() < 0.2 and isinstance(place, list):
        place.extend(place[:3])
    else:
        place[key] = chosen.choice(_ODD)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every item of every object and list inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)
