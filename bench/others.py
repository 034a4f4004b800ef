"""Measures that have a script of their own, called by the comparison with `--json FILE`.

A script is connected by a line of `SCRIPTS`, and its figures by lines of `FIGURES` in `goals.py`:
each names the script and the path of a number in the JSON that it writes, keys and places in lists
separated by dots, so `scales.1.cores` is `{"scales": [..., {"cores": ...}]}`. Where a script does not
exist, its goals are shown as not measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.stack import ROOT


@dataclass(frozen=True)
class Script:
    """A script beside this file.

    Attributes:
        name: of the file, without `.py`; it is run as `python -m bench.NAME --json FILE` and these.
        arguments: further ones.
        quick: those of `--quick`; None where the script is left out then.
        limit_s: how long it may take.
    """

    name: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = None
    limit_s: float = 1800.0

    @property
    def file(self) -> Path:
        return ROOT / "bench" / f"{self.name}.py"


SCRIPTS = (Script("scale"), Script("spool"))


def run_all(*, quick: bool, scripts: tuple[Script, ...] = SCRIPTS) -> tuple[dict[str, Any], dict[str, str]]:
    """What each script wrote, by name, and why others wrote nothing."""
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for script in scripts:
        try:
            found[script.name] = _run(script, quick=quick)
        except _NotMeasured as reason:
            absent[script.name] = str(reason)
    return found, absent


class _NotMeasured(Exception):
    """Why a script has nothing to tell."""


def _run(script: Script, *, quick: bool) -> Any:
    if not script.file.exists():
        raise _NotMeasured(f"there is no bench/{script.name}.py")
    arguments = script.quick if quick else script.arguments
    if arguments is None:
        raise _NotMeasured("left out by --quick")
    print(f"bench/{script.name}.py", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="macnet-bench-") as directory:
        file = Path(directory, "figures.json")
        command = [sys.executable, "-m", f"bench.{script.name}", "--json", str(file), *arguments]
        try:
            # An exit status other than 0 may say that a goal is missed; the figures tell.
            subprocess.run(command, stdout=sys.stderr, cwd=ROOT, timeout=script.limit_s, check=False)
            return json.loads(file.read_text("utf-8"))
        except subprocess.TimeoutExpired:
            raise _NotMeasured(f"bench/{script.name}.py took over {script.limit_s:g} s") from None
        except (OSError, ValueError) as error:
            raise _NotMeasured(f"bench/{script.name}.py wrote no JSON: {error}") from None
