"""What the clients of a chaos run send: commands from a seed, and when which message goes out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Verbs and their weights. As many resets as starts, so that channels become free again.
MIX = {
    "start_test": 28,
    "suspend": 6,
    "resume": 10,
    "reset": 28,
    "archive": 8,
    "set_variable": 12,
    "read_status": 8,
}
AT_ONCE, LATER = 0.10, 0.15
PILE = 8


@dataclass(frozen=True, slots=True)
class Command:
    """One command of one client.

    Attributes:
        value: what `set_variable` writes, unlike that of any other command.
    """

    id: str
    client: int
    cycler: int
    channel: int
    verb: str
    value: int = 0
    variable: int = 1

    @property
    def principal(self) -> str:
        return f"client{self.client}"

    @property
    def place(self) -> tuple[int, int]:
        return (self.cycler, self.channel)

    @property
    def arguments(self) -> dict[str, Any]:
        known: dict[str, dict[str, Any]] = {
            "start_test": {"procedure": "CCCV_1C", "c_rate_ah": 2.5},
            "reset": {"stop_running": True},
            "set_variable": {"variable": self.variable, "value": self.value},
        }
        return known.get(self.verb, {})


def commands(count: int, clients: int, places: Sequence[tuple[int, int]], seed: int) -> list[Command]:
    """So many commands, dealt to the clients in turn and to (cycler, channel) at random."""
    dice = random.Random(seed)
    verbs = dice.choices(list(MIX), list(MIX.values()), k=count)
    made = []
    for number, verb in enumerate(verbs, 1):
        cycler, channel = dice.choice(places)
        command_id = f"x{number}"
        made.append(
            Command(command_id, number % clients + 1, cycler, channel, verb, number, dice.randint(1, 15))
        )
    return made


def with_duplicates(own: Sequence[Command], dice: random.Random) -> Iterator[tuple[Command, bool]]:
    """The messages of one client in their order, and whether each is the first of its id.

    Some ids come twice in a row; others come again after a while, in shuffled order.
    """
    pile: list[Command] = []
    for command in own:
        yield command, True
        if dice.random() < AT_ONCE:
            yield command, False
        if dice.random() < LATER:
            pile.append(command)
        if len(pile) == PILE:
            dice.shuffle(pile)
            yield from ((old, False) for old in pile)
            pile.clear()
    dice.shuffle(pile)
    yield from ((old, False) for old in pile)
