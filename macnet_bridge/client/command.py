"""A command as it is published. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from macnet_bridge.client.reach import Reach
from macnet_bridge.client.roles import Role


@dataclass(frozen=True)
class Command:
    """A command as it is published, again and again, until its final acknowledgement is there.

    Attributes:
        acknowledgement_topics: where it is answered for those without MQTT 5.
        wants_reply: whether its answer is to come by a Response Topic, where there are such.
        until: time.monotonic() when there is no more waiting.
        reach: the channels that it is for, None where it is not for channels.
    """

    id: str
    topic: str
    payload: bytes
    acknowledgement_topics: tuple[str, ...]
    until: float
    wants_reply: bool = True
    verb: str = ""
    role: Role = Role.READS
    reach: Reach | None = None

    def is_overtaken_by(self, stop: Command) -> bool:
        """Whether it must not arrive after that stop."""
        if self.role is not Role.CHANGES or stop.role is not Role.STOPS:
            return False
        return self.reach is not None and stop.reach is not None and stop.reach.meets(self.reach)
