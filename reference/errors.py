"""The page of all error codes, from the codes of the bridge and the result tables of the functions."""

from __future__ import annotations

from collections.abc import Iterator

from macnet_bridge.errors import COMMAND_CODES, RETRYABLE_CODES
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_CODES
from reference.derived import Number
from reference.error_meanings import MEANINGS
from reference.markdown import page_name, table

_INTRODUCTION = """\
# Error codes

`error.code` of an [acknowledgement](commands.md#acknowledgements). Made from the tables of the code by
`python -m reference`; a test provokes each that a verb of this version can bring.

*Again* says when `retryable` is true: the same command, under a new id, may succeed later. After `unknown`
look at the tester first, whatever the code.

## Of the bridge
"""
_OF_THE_TESTER = """\
## Of the tester

The category is `device`, and `macnet` has the function and the tester's own result. They come with `failed`;
or with `rejected` where a request that only prepares, such as the check before a start, was refused. None is
retryable.
"""
_OTHERS = [
    (
        "`FILE_ERROR`",
        "(1, 6), (1, 7)",
        "any",
        "the tester refuses a file, or breaks its transfer off (`unknown`)",
    ),
    ("`NOT_IN_SCAN_LIST`", "(7, 4)", "", "the register is not in the scan list that is polled"),
    ("`MACNET_ERROR`", "any", "any other", "the tester refuses without a code that is known"),
]
_RETRYABLE_READS = frozenset({"NO_REPLY", "BAD_REPLY"})
_ALWAYS_RETRYABLE = RETRYABLE_CODES | {"TESTER_OFFLINE"}


def error_page() -> str:
    """docs/errors.md"""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    heads = ("code", "category", "status", "again", "meaning", "for example")
    yield from table(heads, (_row(code) for code in MEANINGS))
    yield _OF_THE_TESTER
    yield from table(("code", "function", "result", "meaning"), [*_results(), *_texts(), *_OTHERS])


def _row(code: str) -> tuple[str, ...]:
    meaning = MEANINGS[code]
    statuses = ", ".join(f"`{status}`" for status in meaning.statuses)
    return f"`{code}`", COMMAND_CODES[code], statuses, _again(code), meaning.meaning, meaning.example


def _again(code: str) -> str:
    if code in _RETRYABLE_READS:
        return "reads, and what was not sent"
    return "yes" if code in _ALWAYS_RETRYABLE else "no"


def _results() -> Iterator[tuple[str, ...]]:
    for number, row in FUNCTIONS.items():
        by_code: dict[tuple[str, str], list[str]] = {}
        for result, meaning in row.results.items():
            by_code.setdefault(meaning, []).append(str(result))
        for (code, meaning_text), results in by_code.items():
            yield f"`{code}`", _link(number), ", ".join(results), meaning_text


def _texts() -> Iterator[tuple[str, ...]]:
    for text, code in ERROR_CODES.items():
        yield f"`{code}`", "any", f"`{text}`", "the tester's words, by JSON"


def _link(number: Number) -> str:
    return f"[({number[0]}, {number[1]})](macnet/{page_name(number)})"
