"""What the configuration says about commands, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.permission import Permission
from macnet_bridge.macnet.cycler.pacing import OUTPUT_INTERVAL_S

_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CyclerRules:
    """About commands to one cycler.

    Attributes:
        timeout_s: how long a read-back is awaited.
        c_rate_ah: the capacity that 1 C stands for, 0 = every start must say it.
        direct_watchdog_s: the tester's own, of channels in direct mode; 0 = not armed.
        output_interval_s: least time between two outputs of a channel in direct mode.
    """

    timeout_s: float = 5.0
    c_rate_ah: float = 0.0
    limits: Limits = _NO_LIMITS
    channel_limits: dict[int, Limits] | None = None
    direct_watchdog_s: float = 0.0
    output_interval_s: float = OUTPUT_INTERVAL_S

    def limits_of(self, channel: int) -> Limits:
        """Configured limits of a channel, its own tightening included."""
        own = (self.channel_limits or {}).get(channel)
        return self.limits.tightened(own) if own else self.limits


@dataclass(frozen=True, slots=True)
class CommandRules:
    """About all commands."""

    permission: Permission = field(default_factory=Permission)
    max_ttl_s: float = 60.0
    require_expiry: bool = False
    reply_prefixes: Sequence[str] = ()
    cyclers: Mapping[str, CyclerRules] = field(default_factory=dict)
