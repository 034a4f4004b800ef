"""The page of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

from macnet_bridge.cli import cli
from reference.markdown import block, table

_INTRODUCTION = """\
# Command line

What `macnet-bridge COMMAND --help` says, made by `python -m reference` from the commands themselves. Settings
come from the file (`-c`), then from environment variables, then from options. An error is one line that says
what to do.
"""
_PROGRAM = "macnet-bridge"
_DEFAULT = re.compile(r"\s*\[default: (.*?)\]")
"""How options say a default that click cannot know."""


def command_line_page() -> str:
    """docs/reference/command-line.md"""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield from _said(cli)
    heads = ("command", "does")
    yield from table(
        heads, [(f"[`{name}`](#{name})", _first(of)) for name, of in sorted(cli.commands.items())]
    )
    for name, command in sorted(cli.commands.items()):
        yield f"## `{name}`"
        yield ""
        yield from _command(name, command)


def _command(name: str, command: click.Command) -> Iterator[str]:
    yield from _said(command)
    parts = [_PROGRAM, name, *(_placeholder(each) for each in command.params)]
    yield from block("text", [" ".join(dict.fromkeys(part for part in parts if part))])
    options = [each for each in command.params if isinstance(each, click.Option)]
    if options:
        yield from table(("option", "value", "default", "what"), [_row(each) for each in options])
    if examples := _examples(command):
        yield "For example"
        yield ""
        yield from block("sh", examples)


def _placeholder(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return "[OPTIONS]"
    name = (parameter.metavar or parameter.human_readable_name).removesuffix("...")
    shown = name + "..." * (parameter.nargs == -1)
    return shown if parameter.required or shown.startswith("[") else f"[{shown}]"


def _row(option: click.Option) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    return names, _value(option), _default(option), _what(option)


def _value(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    kind = option.type
    if isinstance(kind, click.Choice):
        return ", ".join(f"`{choice}`" for choice in kind.choices)
    if isinstance(kind, click.IntRange | click.FloatRange):
        return _range(kind)
    return (option.metavar or kind.name).lower()


def _range(kind: Any) -> str:
    low, high = ("" if bound is None else f"{bound:g}" for bound in (kind.min, kind.max))
    lower = f"{'above' if kind.min_open else 'from'} {low}" if low else ""
    upper = f"{'below' if kind.max_open else 'to'} {high}" if high else ""
    return " ".join(
        part for part in ("whole number" * isinstance(kind, click.IntRange), lower, upper) if part
    )


def _default(option: click.Option) -> str:
    if option.required:
        return "**needed**"
    if found := _DEFAULT.search(option.help or ""):
        return found[1] if " " in found[1] else f"`{found[1]}`"
    default = (
        option.show_default if isinstance(option.show_default, str) else option.to_info_dict()["default"]
    )
    if option.is_flag or callable(default) or not isinstance(default, str | int | float) or default == "":
        return ""
    return f"`{default}`"


def _what(option: click.Option) -> str:
    variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
    said = [_plain(_DEFAULT.sub("", option.help or "")), *(f"Environment: `{name}`." for name in variables)]
    return " ".join(part for part in said if part)


def _said(command: click.Command) -> Iterator[str]:
    """The help text, paragraph by paragraph; a paragraph that click is not to wrap is a block."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        if first.strip() == "\b":
            yield from block("text", rest.split("\n"))
        else:
            yield _plain(paragraph)
            yield ""


def _plain(text: str) -> str:
    """Text that is no Markdown."""
    return re.sub(r"([*_<>])", r"\\\1", text)


def _first(command: click.Command) -> str:
    return _plain(inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " "))


def _examples(command: click.Command) -> list[str]:
    found = re.match(r"Examples?: (.*)", command.epilog or "", re.DOTALL)
    return " ".join(found[1].split()).split("; ") if found else []
