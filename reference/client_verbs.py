"""The methods of the client, one for each verb, made from the bridge's own table of verbs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import UnsetType
from msgspec.structs import FieldInfo

from macnet_bridge.commands.job import Verb
from macnet_bridge.commands.smart_battery import verb_name
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.topics import Scope

_CLASSES = {
    Scope.CHANNEL: ("ChannelVerbs", "Options", "Verbs of a channel, or of several at once."),
    Scope.CYCLER: ("CyclerVerbs", "Options", "Verbs of a cycler as a whole."),
    Scope.BRIDGE: ("BridgeVerbs", "BridgeOptions", "Verbs of the bridge itself."),
}
_SMART_BATTERY = {verb_name(row): number for number, row in FUNCTIONS.items() if number[0] == 7}
_HEAD = '''"""One method for each verb. Made by `python -m reference` from the bridge's table of verbs.

What an argument means, its unit and its bounds are said in docs/commands.md. One that is left out
is not sent, and the bridge's default counts.
"""

from __future__ import annotations

from typing import Any, Literal, Unpack

from msgspec import UNSET, UnsetType

from macnet_bridge.client.request import BridgeOptions, Options, with_defaults
from macnet_bridge.client.target import Target
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import Safety

'''


def client_verbs() -> str:
    """The text of macnet_bridge/client/verbs.py, not broken into lines yet."""
    return _HEAD + "\n".join(line for scope in _CLASSES for line in _class(scope))


def verb_roles() -> str:
    """The text of macnet_bridge/client/verb_roles.py, not broken into lines yet."""
    stops = {name for (_, name), verb in VERBS.items() if verb.stops}
    reads = {name for (_, name), verb in VERBS.items() if verb.reads}
    return (
        '"""Which verbs stop, and which only read. Made by `python -m reference`."""\n\n'
        "from __future__ import annotations\n\n"
        f"STOPS = frozenset({sorted(stops)!r})\n"
        f"READS = frozenset({sorted(reads)!r})\n"
    )


def formatted(text: str) -> str:
    """As the formatter breaks it into lines."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", "macnet_bridge/client/verbs.py", "-"],
        input=text.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode()


def _class(scope: Scope) -> Iterator[str]:
    name, options, doc = _CLASSES[scope]
    yield f'\nclass {name}(Target):\n    """{doc}"""\n'
    for (of, _), verb in VERBS.items():
        if of is scope:
            yield _method(verb, options)


def _method(verb: Verb[Any], options: str) -> str:
    fields = sorted(msgspec.structs.fields(verb.arguments), key=lambda info: not info.required)
    arguments = ["self", *(["*"] if fields else []), *map(_argument, fields), f"**options: Unpack[{options}]"]
    sent = ", ".join(f'"{info.encode_name}": {info.encode_name}' for info in fields)
    given = "options" if options == "Options" else "with_defaults(options)"
    return (
        f"    async def {verb.name}({', '.join(arguments)}) -> Acknowledgement:\n"
        f'        """{doc(verb)}"""\n'
        f'        return await self._command("{verb.name}", {{{sent}}}, {given})\n'
    )


def _argument(info: FieldInfo) -> str:
    kind = shown(info.type)
    if info.required:
        return f"{info.encode_name}: {kind}"
    or_none = " | None" if kind.endswith(" | None") else ""
    return f"{info.encode_name}: {kind.removesuffix(or_none)} | UnsetType{or_none} = UNSET"


def shown(kind: Any) -> str:
    """A type as it is written, without bounds, and without the word for what is left out."""
    origin = get_origin(kind)
    if origin is Annotated:
        return shown(get_args(kind)[0])
    if origin in (Union, UnionType):
        return " | ".join(shown(each) for each in get_args(kind) if each is not UnsetType)
    if origin is Literal:
        return f"Literal[{', '.join(map(_quoted, get_args(kind)))}]"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(shown(each) for each in get_args(kind))}]"
    return "Any" if kind is Any else "None" if kind is type(None) else str(kind.__name__)


def _quoted(word: str) -> str:
    return f'"{word}"'


def doc(verb: Verb[Any]) -> str:
    """What carries a verb out, in a line."""
    if isinstance(verb.run, partial):
        return f"MacNet {_SMART_BATTERY[verb.name]}. Of the smart battery of the channel."
    text = (verb.run.__doc__ or "").split("\n\n")[0].replace("\n   ", "")
    return text if text.endswith(".") else f"{text}."
