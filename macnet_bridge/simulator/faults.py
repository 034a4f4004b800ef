"""Misbehaviour on demand. The server asks here before it answers and before it sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from macnet_bridge.simulator.received import Transport


class Faults:
    """What a simulated tester does wrong on purpose.

    Attributes:
        missing: functions that it does not have. By JSON they are answered `Invalid FNum`, in
            binary with a bare header. May be changed at any time.
        silent: transports by which nothing is answered, as behind a firewall.
        late_second: by how much replies by a transport come later than they would.
    """

    def __init__(self, missing: Iterable[tuple[int, int]] = ()) -> None:
        self.missing = set(missing)
        self.silent: set[Transport] = set()
        self.late_second: dict[Transport, float] = {}
        self._replies_to_drop: Counter[tuple[int, int]] = Counter()

    def drop_replies(self, fclass: int, fnum: int, count: int = 1) -> None:
        """Carry out the next `count` requests of a function without replying to them."""
        self._replies_to_drop[fclass, fnum] += count

    def loses_reply(self, number: tuple[int, int]) -> bool:
        """Whether this reply is to be lost; counts it."""
        if not self._replies_to_drop[number]:
            return False
        self._replies_to_drop[number] -= 1
        return True
