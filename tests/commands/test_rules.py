"""What the configuration says about commands."""

from __future__ import annotations

from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.rules import CyclerRules

ALL = Limits(voltage_max_volt=4.2, voltage_min_volt=2.5)


def test_limits_of_one_channel() -> None:
    rules = CyclerRules(limits=ALL, channel_limits={5: Limits(voltage_max_volt=3.65)})
    assert rules.limits_of(5).voltage_max_volt == 3.65
    assert rules.limits_of(5).voltage_min_volt == 2.5
    assert rules.limits_of(6) == ALL
