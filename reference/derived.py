"""What docstrings say about functions: `MacNet (4, 7)` in methods and verbs, `Stat` of (4, 7) in codes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from enum import IntEnum, IntFlag
from typing import Any, NamedTuple

import msgspec

from macnet_bridge.commands.job import Verb
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet import AsyncCycler
from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol.functions import FUNCTIONS, Effect, Function, Retry, Target
from macnet_bridge.topics import Scope

Number = tuple[int, int]

_NUMBER = re.compile(r"\((\d+), (\d+)\)")
_MACNET = re.compile(r"\s*(Binary |JSON )?MacNet \(.*$")
_ANY_READ = "macnet"
"""The verb that takes every function that only reads; it is named after those of their own."""

_NOT_SHOWN = ("self", "before_send", "line", "progress")


class Method(NamedTuple):
    """A method of `AsyncCycler`: how it is called, and what it does."""

    call: str
    does: str


def numbers_in(text: str) -> list[Number]:
    """All function numbers in a text, such as `(4, 7)`."""
    return [(int(fclass), int(fnum)) for fclass, fnum in _NUMBER.findall(text)]


def methods(number: Number) -> list[Method]:
    """The methods that call a function, in the order of the source."""
    return [
        Method(_call(name, method), _MACNET.sub("", _summary(method)))
        for name, method in _methods()
        if number in _macnet_numbers(method)
    ]


def _methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    for owner in AsyncCycler.__mro__:
        for name, method in vars(owner).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield name, method


def _call(name: str, method: Callable[..., Any]) -> str:
    shown = [str(each.name) for each in inspect.signature(method).parameters.values()]
    return f"{name}({', '.join(each for each in shown if each not in _NOT_SHOWN)})"


def _summary(subject: Any) -> str:
    return (inspect.getdoc(subject) or "").split("\n\n")[0].replace("\n", " ")


def _macnet_numbers(subject: Any) -> list[Number]:
    """The functions that something calls by its docstring, without those that it reads back with."""
    _, _, said = (inspect.getdoc(subject) or "").partition("MacNet (")
    called, _, _ = said.split("\n\n")[0].partition("read back")
    return numbers_in("(" + called)


def verbs(number: Number) -> list[Verb[Any]]:
    """The MQTT verbs that are for a function: by their docstrings, or as the row's or its method's name."""
    names = {each.call.partition("(")[0] for each in methods(number)}
    names.add(FUNCTIONS[number].name.replace("smb_", "sb_"))
    found = [verb for verb in VERBS.values() if _serves(verb, number, names)]
    return sorted(found, key=lambda verb: verb.name == _ANY_READ)


def _serves(verb: Verb[Any], number: Number, names: set[str]) -> bool:
    called = _macnet_numbers(verb.run)
    if verb.name == _ANY_READ:
        return _is_read_by(verb, FUNCTIONS[number])
    by_name = not called and verb.scope is not Scope.BRIDGE and verb.name in names
    return number in called or by_name


def _is_read_by(verb: Verb[Any], row: Function[Any, Any]) -> bool:
    """Whether the verb for all that only reads takes this function."""
    of_cycler = row.target is Target.SYSTEM
    return (
        row.effect is Effect.READS
        and row.retry is not Retry.RESTART
        and (verb.scope is (Scope.CYCLER if of_cycler else Scope.CHANNEL))
    )


class Codes(NamedTuple):
    """A code table: the field that has it, what its docstring says, and its words."""

    field: str
    about: str
    words: list[tuple[int, str]]


def code_tables(row: Function[Any, Any]) -> list[Codes]:
    """The code tables of a function's fields."""
    tables = [getattr(codes, name) for name in codes.__all__]
    found = [_codes(table) for table in tables if _is_code_table(table) and _concerns(table, row)]
    order = _fields(row)
    return sorted(found, key=lambda each: order.index(each.field) if each.field in order else 0)


def _is_code_table(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, IntEnum | IntFlag) and value is not codes.Code


def _concerns(table: type[IntEnum], row: Function[Any, Any]) -> bool:
    """Whether its docstring names the function, or the field alone."""
    about = inspect.getdoc(table) or ""
    if row.number in numbers_in(about):
        return True
    return about.startswith(f"`{_field(about)}`:") and _field(about) in _fields(row)


def _field(about: str) -> str:
    found = re.match(r"`(\w+)`", about)
    return found[1] if found else ""


def _fields(row: Function[Any, Any]) -> list[str]:
    """MacNet's names in the order of the messages; those of items come last."""
    layouts = [*row.binary_request, *row.binary_reply]
    layouts += [layout.items for layout in layouts if layout.items]
    return [info.encode_name for layout in layouts for info in msgspec.structs.fields(layout.message)]


def _codes(table: type[IntEnum]) -> Codes:
    about = inspect.getdoc(table) or ""
    words = [(each.value, each.name.lower()) for each in table]
    return Codes(_field(about), about, words)
