"""What examples say to an argument that they do not know, before they do anything."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
WITH_PATHS = {"backup.py"}
"""Those take two paths, and no keys."""

EXAMPLES = sorted({path.name for path in (PROJECT / "examples").glob("*.py")} - WITH_PATHS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_key_that_there_is_not_is_one_line(name: str) -> None:
    if name == "plot_cycle.py" and not all(map(find_spec, ("matplotlib", "pandas", "polars"))):
        pytest.skip("needs pip install '.[examples]'")
    for argument, key in (("chanel=5", "chanel"), ("--help", "--help")):
        done = subprocess.run(
            [sys.executable, PROJECT / "examples" / name, argument],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert line.startswith(f"no {key}, only ")
