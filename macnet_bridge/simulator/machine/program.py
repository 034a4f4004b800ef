"""What drives a channel through a test: a procedure's rows, or set points from outside.

A channel knows only `Program`.
"""

from __future__ import annotations

from typing import Protocol

from macnet_bridge.macnet.protocol.codes import RecordCause
from macnet_bridge.simulator.machine.phase import Phase
from macnet_bridge.simulator.machine.progress import Progress


class Program(Protocol):
    """What a channel asks of its test.

    Attributes:
        number_of_ends, end_number: of MacNet (4, 10); no end is reached while it is 0.
        end_cause: why it is over, once no step is left.
    """

    number_of_ends: int
    end_number: int
    end_cause: RecordCause

    def phase(self, progress: Progress) -> Phase:
        """What to do now. The same object as long as nothing changes."""

    def go_to(self, row: int | None, progress: Progress) -> bool:
        """Enter the step at a row, or the first that takes time after it; False when none is left.

        Args:
            row: None is where the test begins, `NEXT_SEGMENT` stays in a waveform as long as it lasts.
        """
