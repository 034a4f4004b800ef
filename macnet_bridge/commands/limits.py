"""What a channel may be asked to do: configured limits cut down by its specification.

All values are magnitudes: volts, amperes, watts.
"""

from __future__ import annotations

from msgspec import Struct, structs

from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol.messages import ChannelSpecification, SafetyLimits


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits as configured; None = not configured."""

    voltage_max_volt: float | None = None
    voltage_min_volt: float | None = None
    charge_max_ampere: float | None = None
    discharge_max_ampere: float | None = None
    power_max_watt: float | None = None

    def tightened(self, other: Limits) -> Limits:
        """Both at once: of every key the tighter value."""
        return Limits(
            voltage_max_volt=_least(self.voltage_max_volt, other.voltage_max_volt),
            voltage_min_volt=_most(self.voltage_min_volt, other.voltage_min_volt),
            charge_max_ampere=_least(self.charge_max_ampere, other.charge_max_ampere),
            discharge_max_ampere=_least(self.discharge_max_ampere, other.discharge_max_ampere),
            power_max_watt=_least(self.power_max_watt, other.power_max_watt),
        )


class Envelope(Struct, frozen=True, kw_only=True):
    """The limits of one channel, all of them known."""

    voltage_max_volt: float
    voltage_min_volt: float
    charge_max_ampere: float
    discharge_max_ampere: float
    power_max_watt: float


def specified(specification: ChannelSpecification) -> Limits:
    """The limits that a channel's hardware sets. MacNet (3, 1)

    Voltage and current come from the ranges. The safety fields are left out: they may show
    what (6, 10) set last, and a limit once lowered could then never rise again. A power
    of 0 W means that none is specified.
    """
    s = specification
    charge = max(
        s.range1_charge_ampere, s.range2_charge_ampere, s.range3_charge_ampere, s.range4_charge_ampere
    )
    discharge = max(
        s.range1_discharge_ampere,
        s.range2_discharge_ampere,
        s.range3_discharge_ampere,
        s.range4_discharge_ampere,
    )
    power = [p for p in (s.channel_safety_charge_watt, s.channel_safety_discharge_watt) if p > 0]
    return Limits(
        voltage_max_volt=s.voltage_max_volt,
        voltage_min_volt=s.voltage_min_volt,
        charge_max_ampere=charge,
        discharge_max_ampere=discharge,
        power_max_watt=min(power, default=s.voltage_max_volt * max(charge, discharge)),
    )


def envelope(configured: Limits, specification: ChannelSpecification | None) -> Envelope:
    """The envelope of a channel.

    Raises:
        Rejected: NO_LIMITS, naming a limit that neither configuration nor tester gives.
    """
    both = configured.tightened(specified(specification)) if specification else configured
    values = structs.asdict(both)
    for name, value in values.items():
        if value is None:
            raise Rejected(
                "NO_LIMITS", f"no {name}: the tester does not tell it and no [cycler.limits] sets it"
            )
    return Envelope(**values)


def safety_limits(wanted: dict[str, float], within: Envelope) -> SafetyLimits:
    """The limits to set by MacNet (6, 10): those wanted, the envelope where none is.

    Args:
        wanted: some of the fields of `SafetyLimits`, by name.

    Raises:
        Rejected: OUT_OF_LIMITS, naming the field that leaves the envelope.
    """
    bounds = SafetyLimits(
        voltage_max_volt=within.voltage_max_volt,
        voltage_min_volt=within.voltage_min_volt,
        charge_max_ampere=within.charge_max_ampere,
        discharge_max_ampere=within.discharge_max_ampere,
        charge_max_watt=within.power_max_watt,
        discharge_max_watt=within.power_max_watt,
    )
    for name, value in wanted.items():
        _check(name, value, getattr(bounds, name))
    limits = structs.replace(bounds, **wanted)
    if limits.voltage_min_volt >= limits.voltage_max_volt:
        raise Rejected(
            "OUT_OF_LIMITS",
            f"voltage_min_volt {limits.voltage_min_volt:g} is not below voltage_max_volt "
            f"{limits.voltage_max_volt:g}",
            "args.safety.voltage_min_volt",
        )
    return limits


def _check(name: str, value: float, bound: float) -> None:
    if name == "voltage_max_volt" or name.endswith(("_ampere", "_watt")):
        inside, side = value <= bound, "at most"
    else:
        inside, side = value >= bound, "at least"
    if not inside:
        raise Rejected(
            "OUT_OF_LIMITS",
            f"{name} {value:g} is outside the limits: {side} {bound:g}",
            f"args.safety.{name}",
        )


def _least(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else min(a, b)


def _most(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else max(a, b)
