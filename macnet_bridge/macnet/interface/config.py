"""The dictionary by which pymacnet's classes are configured, as values that were checked.

Its keys are pymacnet's, those of 0.0.x included. Volts, amperes, watts, seconds.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, structs

from macnet_bridge.errors import ConfigError
from macnet_bridge.macnet.cycler import TesterAddress
from macnet_bridge.macnet.protocol.messages import SafetyLimits

Port = Annotated[int, Meta(ge=1, le=65535)]
Name = Annotated[str, Meta(max_length=250, pattern=r"\A[\x20-\x7e]*\Z")]
Magnitude = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]

_DEFAULTS = TesterAddress("")
_OLD_KEYS = {"json_server_port": "json_msg_port", "tcp_server_port": "bin_msg_port"}
_NEARLY_THE_SAME = 0.8


class CyclerConfig(Struct, frozen=True, kw_only=True):
    """Where a tester's MacNet server listens."""

    server_ip: Annotated[str, Meta(min_length=1)]
    json_msg_port: Port = _DEFAULTS.json_port
    bin_msg_port: Port = _DEFAULTS.tcp_port

    @property
    def address(self) -> TesterAddress:
        return TesterAddress(self.server_ip, self.json_msg_port, self.bin_msg_port)


class ChannelConfig(CyclerConfig, frozen=True, kw_only=True):
    """One channel, what it may do, and the tests that are started on it.

    Attributes:
        channel: from 1.
        test_name: of the tests that are started; empty to have one made for each.
        c_rate_ah: the capacity that 1 C stands for.
        v_max_v, v_min_v: where charging and discharging end in direct control.
        i_min_safety_limit_a, power_safety_limit_dsg_w: of a discharge; their sign does not matter.
        power_safety_limit_chg_w, power_safety_limit_dsg_w: without them, what the highest
            voltage makes of the highest current.
        data_record_time_s, data_record_voltage_delta_vbys, data_record_current_delta_abys: when
            direct control makes records, 0 = not for this reason.
    """

    channel: Annotated[int, Meta(ge=1, le=65535)]
    test_name: Name = ""
    test_procedure: Name = ""
    c_rate_ah: Positive
    v_max_safety_limit_v: float
    v_min_safety_limit_v: float
    i_max_safety_limit_a: Magnitude
    i_min_safety_limit_a: float
    power_safety_limit_chg_w: Positive | None = None
    power_safety_limit_dsg_w: float | None = None
    v_max_v: float
    v_min_v: float
    data_record_time_s: Magnitude = 1.0
    data_record_voltage_delta_vbys: Magnitude = 0.0
    data_record_current_delta_abys: Magnitude = 0.0

    def __post_init__(self) -> None:
        for name, value in structs.asdict(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} is no number")
        _check_order(self, "v_min_safety_limit_v", "v_max_safety_limit_v")
        _check_order(self, "v_min_v", "v_max_v")
        # A limit of 0 W ends a test with its first ampere; the manual's own example has it by mistake.
        for name in ("charge_max_watt", "discharge_max_watt"):
            if not getattr(self.limits, name) > 0:
                raise ValueError(f"{_POWER_KEYS[name]} has to be above 0 W")

    @property
    def limits(self) -> SafetyLimits:
        """What MacNet (6, 10) is to set: magnitudes, whatever sign the dictionary has."""
        charge, discharge = self.i_max_safety_limit_a, abs(self.i_min_safety_limit_a)
        watt = self.v_max_safety_limit_v * max(charge, discharge)
        charge_watt, discharge_watt = self.power_safety_limit_chg_w, self.power_safety_limit_dsg_w
        return SafetyLimits(
            voltage_max_volt=self.v_max_safety_limit_v,
            voltage_min_volt=self.v_min_safety_limit_v,
            charge_max_ampere=charge,
            discharge_max_ampere=discharge,
            charge_max_watt=watt if charge_watt is None else charge_watt,
            discharge_max_watt=watt if discharge_watt is None else abs(discharge_watt),
        )

    @property
    def charge_until_volt(self) -> float:
        """Voltage that a charge in direct control does not pass."""
        return min(self.v_max_v, self.v_max_safety_limit_v)

    @property
    def discharge_until_volt(self) -> float:
        """Voltage that a discharge in direct control does not pass."""
        return max(self.v_min_v, self.v_min_safety_limit_v)


_POWER_KEYS = {
    "charge_max_watt": "power_safety_limit_chg_w",
    "discharge_max_watt": "power_safety_limit_dsg_w",
}


def _check_order(config: ChannelConfig, low: str, high: str) -> None:
    if not getattr(config, low) < getattr(config, high):
        raise ValueError(f"{low} has to be below {high}")


C = TypeVar("C", bound=CyclerConfig)


def checked(config: Mapping[str, Any], kind: type[C]) -> C:
    """A configuration dictionary as values. Keys that are unknown here do not matter.

    Raises:
        ConfigError: a key is missing or misspelt, or its value is not possible.
    """
    given = {_OLD_KEYS.get(key, key): value for key, value in config.items()}
    _check_spelling(given, kind)
    try:
        # Numbers may be given as text, as they come from command lines and tables.
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"the configuration dictionary: {error}") from None


def _check_spelling(given: Mapping[str, Any], kind: type[CyclerConfig]) -> None:
    """A key with a default must not be lost by a slip of the pen: it may be a limit."""
    known = set(kind.__struct_fields__)
    absent = sorted(known - given.keys())
    for key in map(str, given.keys() - known):
        near = difflib.get_close_matches(key, absent, 1, _NEARLY_THE_SAME)
        if near:
            raise ConfigError(f"the configuration dictionary: no {near[0]!r}, but {key!r}; is it misspelt?")
