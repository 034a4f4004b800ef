"""Pages of the Python API: what the modules offer, with signatures and docstrings read by Griffe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import griffe

from reference.markdown import block
from reference.sources import ROOT


class ApiPage(NamedTuple):
    """A page: its file, and the modules whose public names it has."""

    page: str
    title: str
    introduction: str
    modules: Sequence[str]


API_PAGES = (
    ApiPage(
        "reference/python-client.md",
        "Python: the client for MQTT",
        "`macnet_bridge.client`, for services that command through a bridge. [Services in "
        "Python](../tutorials/services.md) and [From Python, over MQTT](../client.md) show it at work.",
        ("macnet_bridge.client",),
    ),
    ApiPage(
        "reference/python-macnet.md",
        "Python: MacNet without MQTT",
        "`macnet_bridge.macnet`, one tester for programs that need no bridge. [Python without "
        "MQTT](../python.md) shows it at work, [Coming from pymacnet](../migration.md) the classes that "
        "block.",
        ("macnet_bridge.macnet", "macnet_bridge.errors"),
    ),
    ApiPage(
        "reference/python-simulator.md",
        "Python: the simulated cycler",
        "`macnet_bridge.simulator`, a tester for tests. [The simulated cycler](../simulator.md) shows it at "
        "work, its fixtures for pytest too.",
        (
            "macnet_bridge.simulator",
            "macnet_bridge.simulator.threaded",
            "macnet_bridge.simulator.pytest_plugin",
        ),
    ),
)
SIGNATURE = "py"
"""The language of blocks that are signatures, or a docstring's few lines: coloured as Python, never run."""

_LONGEST_LINE = 90
_NOT_SHOWN = ("self", "cls")
_HIDDEN = {"pytest_configure"}
_LISTS = {
    griffe.DocstringSectionKind.parameters: "Arguments",
    griffe.DocstringSectionKind.attributes: "Attributes",
    griffe.DocstringSectionKind.raises: "Raises",
    griffe.DocstringSectionKind.returns: "Returns",
    griffe.DocstringSectionKind.yields: "Yields",
}
_CODE = re.compile(r"((?:^    .*\n?|^\n(?=    ))+)", re.MULTILINE)


def api_pages() -> dict[str, str]:
    """The pages by their paths below docs/."""
    return {page.page: "\n".join(_page(page)).rstrip() + "\n" for page in API_PAGES}


def public(module: griffe.Module) -> list[griffe.Object]:
    """Classes and functions that a module offers: of `__all__`, or its own without an underscore."""
    names = module.exports or [name for name, of in module.members.items() if not of.is_alias]
    found = [module[str(name)] for name in names]
    kept = [each for each in found if each.is_class or each.is_function]
    return [_real(each) for each in kept if each.name[0] != "_" and each.name not in _HIDDEN]


@cache
def _package() -> griffe.Object | griffe.Alias:
    loader = griffe.GriffeLoader(search_paths=[ROOT])
    package = loader.load("macnet_bridge")
    loader.resolve_aliases()
    return package


def load(name: str) -> griffe.Module:
    """A module as its source says it."""
    module = _package()[name.removeprefix("macnet_bridge.")]
    assert isinstance(module, griffe.Module)
    return module


def _real(of: griffe.Object | griffe.Alias) -> griffe.Object:
    real = of.final_target if isinstance(of, griffe.Alias) else of
    assert isinstance(real, griffe.Object)
    return real


def _page(page: ApiPage) -> Iterator[str]:
    yield f"# {page.title}"
    yield ""
    yield f"{page.introduction} Made by `python -m reference` from the code."
    yield ""
    for module in page.modules:
        for of in sorted(public(load(module)), key=_is_error):
            yield f"## `{of.name}`"
            yield ""
            yield f"{_what(of)} `{module}.{of.name}`{_base(of, load(module))}"
            yield ""
            yield from _class(of) if isinstance(of, griffe.Class) else _function(of)


def _is_error(of: griffe.Object) -> bool:
    return isinstance(of, griffe.Class) and any(
        base.name in ("MacNetBridgeError", "Exception") for base in [*of.mro(), of]
    )


def _what(of: griffe.Object) -> str:
    if of.is_class:
        return "class"
    decorators = [str(each.value) for each in getattr(of, "decorators", [])]
    return "fixture" if "pytest.fixture" in decorators else "function"


def _base(of: griffe.Object, module: griffe.Module) -> str:
    names = {each.name for each in public(module)}
    bases = [str(base) for base in of.bases] if isinstance(of, griffe.Class) else []
    shown = [f"[`{base}`](#{base.lower()})" for base in bases if base in names]
    return f", a kind of {', '.join(shown)}" if shown else ""


def _class(of: griffe.Class) -> Iterator[str]:
    if not _is_error(of):
        yield from _signature(of.name, of.parameters)
    yield from _documented(of)
    for name, method in _methods(of).items():
        yield f"### `{of.name}.{name}`"
        yield ""
        yield from _function(method)


def _methods(of: griffe.Class) -> dict[str, griffe.Object]:
    """Documented methods and properties, its own first, then those that it inherits."""
    owners = [of, *of.mro()]
    found: dict[str, griffe.Object] = {}
    for owner in owners:
        for name, member in owner.members.items():
            real = _real(member) if not member.is_alias else None
            if name[0] != "_" and real and _is_called(real) and real.has_docstring:
                found.setdefault(name, real)
    return found


def _is_called(of: griffe.Object) -> bool:
    return of.is_function or "property" in of.labels


def _function(of: griffe.Object) -> Iterator[str]:
    if isinstance(of, griffe.Function) and _what(of) == "function":
        start = "async " * ("async" in of.labels)
        yield from _signature(start + of.name, of.parameters, of.returns)
    yield from _documented(of)


def _signature(start: str, parameters: griffe.Parameters, returns: object = None) -> Iterator[str]:
    """The call, in one line or one argument a line."""
    parts = [*_parameters(parameters)]
    end = f") -> {returns}" if returns else ")"
    line = f"{start}({', '.join(parts)}{end}"
    if len(line) <= _LONGEST_LINE:
        yield from block(SIGNATURE, [line])
    else:
        yield from block(SIGNATURE, [f"{start}(", *(f"    {part}," for part in parts), end])


def _parameters(parameters: griffe.Parameters) -> Iterator[str]:
    is_keyword = False
    for each in parameters:
        if each.name in _NOT_SHOWN:
            continue
        if each.kind is griffe.ParameterKind.keyword_only and not is_keyword:
            yield "*"
        is_keyword |= each.kind in (griffe.ParameterKind.keyword_only, griffe.ParameterKind.var_positional)
        yield _parameter(each)


def _parameter(of: griffe.Parameter) -> str:
    keyword = griffe.ParameterKind.keyword_only
    stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    kind = f": {of.annotation}" if of.annotation is not None else ""
    default = f" = {of.default}" if of.default is not None and of.kind not in stars else ""
    return f"{stars.get(of.kind or keyword, '')}{of.name}{kind}{default}"


def _documented(of: griffe.Object) -> Iterator[str]:
    if of.docstring is None:
        return
    options = {"warn_unknown_params": False, "returns_named_value": False, "warnings": False}
    for section in of.docstring.parse("google", **options):
        if section.kind is griffe.DocstringSectionKind.text:
            yield from _text(section.value)
        elif section.kind is griffe.DocstringSectionKind.admonition:
            yield from _named(section.title or "", section.value.contents)
        else:
            yield from _list(_LISTS[section.kind], section.value)


def _text(text: str) -> Iterator[str]:
    """Paragraphs; what is indented is an example."""
    for part in _CODE.split(text):
        if _CODE.fullmatch(part):
            yield from block(SIGNATURE, [line[4:] for line in part.strip("\n").split("\n")])
        elif part.strip():
            yield part.strip()
            yield ""


def _named(title: str, text: str) -> Iterator[str]:
    """A section that only this project has: entries by name."""
    yield f"**{title}**"
    yield ""
    for line in text.split("\n"):
        entry = re.match(r"(\w+): (.*)", line)
        yield f"- `{entry[1]}`: {entry[2]}" if entry else f"    {line.strip()}"
    yield ""


def _list(title: str, items: Sequence[griffe.DocstringElement]) -> Iterator[str]:
    yield f"**{title}**"
    yield ""
    for item in items:
        name = _name(title, item)
        said = " ".join(item.description.split())
        yield f"- `{name}`: {said}" if name else f"- {said}"
    yield ""


def _name(title: str, item: griffe.DocstringElement) -> str:
    name: str = getattr(item, "name", "")
    if name.endswith(","):  # of several that share a line, all but the first are taken for a type
        return f"{name} {item.annotation}".replace(", ", "`, `")
    return name or (str(item.annotation).strip("()") if title == "Raises" else "")
