"""The places where something is refused, and the modules without one of them.

They are found in the source: `raise Refused(...)`, a finding that is added to notes, and one that
`fitting` yields. Without a branch means that this one statement does nothing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import macnet_bridge.simulator.machine.procedure as _package

PACKAGE = _package.__name__
FOLDER = Path(str(_package.__file__)).parent
MODULES = (
    "document",
    "fitting",
    "layout",
    "loops",
    "parts",
    "reading",
    "spellings",
    "steps",
    "values",
    "waveform",
)
"""Those that refuse something."""


@dataclass(frozen=True)
class Branch:
    """A statement that refuses.

    Attributes:
        text: what it says, with `...` for what differs.
    """

    module: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.module}: {self.text}"

    def says(self, finding: str) -> bool:
        """Whether a finding can be of this branch."""
        pattern = ".*".join(re.escape(part) for part in self.text.split("..."))
        return bool(re.search(f"(^|: |, ){pattern}$", finding))


def _said(statement: ast.stmt) -> ast.expr | None:
    """The text of a statement that refuses."""
    if isinstance(statement, ast.Raise) and isinstance(statement.exc, ast.Call):
        call = statement.exc
        return call.args[0] if ast.unparse(call.func) == "Refused" else None
    if not isinstance(statement, ast.Expr):
        return None
    if isinstance(statement.value, ast.Yield):
        return statement.value.value if isinstance(statement.value.value, ast.JoinedStr) else None
    if isinstance(statement.value, ast.Call) and ast.unparse(statement.value.func).endswith(".add"):
        return statement.value.args[0]
    return None


def _template(text: ast.expr) -> str:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in parts)


def _branches() -> Iterator[Branch]:
    for module in MODULES:
        for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text("utf-8"))):
            if isinstance(node, ast.stmt) and (said := _said(node)) is not None:
                yield Branch(module, node.lineno, _template(said))


BRANCHES = tuple(sorted(_branches(), key=lambda branch: (branch.module, branch.line)))


class _Without(ast.NodeTransformer):
    def __init__(self, branch: Branch) -> None:
        self._line = branch.line

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and node.lineno == self._line and _said(node) is not None:
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads one module without a branch."""

    def __init__(self, branch: Branch) -> None:
        super().__init__(f"{PACKAGE}.{branch.module}", str(FOLDER / f"{branch.module}.py"))
        self._branch = branch

    def get_code(self, fullname: str) -> CodeType:
        tree = _Without(self._branch).visit(ast.parse(Path(self.path).read_text("utf-8")))
        code = compile(ast.fix_missing_locations(tree), self.path, "exec")
        assert isinstance(code, CodeType)
        return code


class _Finder(importlib.abc.MetaPathFinder):
    """Finds that one module, leaves the others to Python."""

    def __init__(self, branch: Branch) -> None:
        self._loader = _Loader(branch)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._loader.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


def modules() -> SimpleNamespace:
    """The modules of the package, by name."""
    names = (*MODULES, "refusing")
    return SimpleNamespace(**{name: importlib.import_module(f"{PACKAGE}.{name}") for name in names})


@contextmanager
def taken_out(branch: Branch) -> Iterator[SimpleNamespace]:
    """The modules of the package, loaded anew without a branch, and afterwards again as they were."""
    kept = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{PACKAGE}.")}
    for name in kept:
        del sys.modules[name]
    finder = _Finder(branch)
    sys.meta_path.insert(0, finder)
    try:
        yield modules()
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
        sys.modules.update(kept)
        setattr(sys.modules["macnet_bridge.simulator"], "procedure", kept[PACKAGE])  # noqa: B010
