"""Misbehaviour on demand: the faults that a test has asked for, and when they strike."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from macnet_bridge.simulator.sockets.fault_kinds import KINDS, Fault
from macnet_bridge.simulator.sockets.received import Received, Transport


@dataclass(slots=True)
class _Armed:
    """A fault, and how far it is."""

    fault: Fault
    dice: random.Random
    seen: int = 0
    struck: int = 0
    until: float = field(default=0.0)

    def strikes(self) -> bool:
        """Count something that fits, and say whether it is struck."""
        self.seen += 1
        if self.seen <= self.fault.after or self.struck == self.fault.times:
            return False
        if self.fault.share < 1.0 and self.dice.random() >= self.fault.share:
            return False
        self.struck += 1
        return True


class Faults:
    """What a simulated tester does wrong on purpose.

    Faults are looked at in the order in which they were added; the first one that strikes a
    request is the only one.

    Attributes:
        missing: functions that it does not have. By JSON they are answered `Invalid FNum`, in
            binary with a bare header. May be changed at any time.
    """

    def __init__(
        self, missing: Iterable[tuple[int, int]] = (), script: Iterable[Fault] = (), seed: int = 0
    ) -> None:
        self.missing = set(missing)
        self._seed = seed
        self._added = 0
        self._armed: list[_Armed] = []
        self.add(*script)

    def add(self, *faults: Fault) -> None:
        """Let these strike from now on, after those that are there."""
        for fault in faults:
            self._armed.append(_Armed(fault, random.Random(f"{self._seed}/{self._added}")))
            self._added += 1

    def remove(self, fault: Fault) -> None:
        """Let this one, or all that are equal to it, strike no more."""
        self._armed = [armed for armed in self._armed if armed.fault != fault]

    def clear(self) -> None:
        """Let nothing strike any more; what is missing stays missing."""
        self._armed.clear()

    def drop_replies(self, fclass: int, fnum: int, count: int = 1) -> None:
        """Carry out the next `count` requests of a function without replying to them."""
        self.add(Fault("drop", on=(fclass, fnum), times=count))

    # --- for those who answer

    def on_arrival(self, record: Received) -> Fault | None:
        """What happens to a request before it is carried out."""
        return self._first(record, carried_out=False)

    def on_reply(self, record: Received) -> Fault | None:
        """What happens to its reply."""
        return self._first(record, carried_out=True)

    def on_connection(self, transport: Transport, now: float) -> Fault | None:
        """What happens to a connection that is made at `now`, in seconds of any clock."""
        for armed in self._armed:
            fault = armed.fault
            if KINDS[fault.kind].strikes != "connections" or fault.transport not in (None, transport):
                continue
            if now < armed.until:
                return fault
            if armed.strikes():
                armed.until = now + fault.second
                return fault
        return None

    def _first(self, record: Received, *, carried_out: bool) -> Fault | None:
        for armed in self._armed:
            fault = armed.fault
            if (
                fault.carried_out is carried_out
                and KINDS[fault.kind].strikes == "requests"
                and fault.fits(record)
                and armed.strikes()
            ):
                return fault
        return None
