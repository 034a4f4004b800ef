"""The garbage collector of a bridge: seldom, and yet it finds what there is."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from macnet_bridge.cli import garbage

class Ring:
    def __init__(self):
        self.itself = self

garbage.look_seldom()
first = weakref.ref(Ring())
made = 1
while first() is not None and made < 10 * garbage.NEW_OBJECTS:
    Ring()
    made += 1
print(gc.get_freeze_count() > 10_000, first() is None, 700 < made <= garbage.NEW_OBJECTS)
"""


def test_rings_are_found_and_what_was_loaded_is_left_alone() -> None:
    # In a process of its own: the collector is one for the whole process.
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True", "True"]
