"""Auxiliary inputs and variables of a channel as published. Not retained."""

from __future__ import annotations

from msgspec import Struct


class AuxInput(Struct, frozen=True, kw_only=True):
    """One auxiliary input, MacNet (4, 4) and (4, 5).

    Attributes:
        input: counted from 1, as the tester lists them.
        name: as configured in `channel.N.aux`, else `aux_` and the number.
        unit: the tester's own word for it; null where it does not tell.
    """

    input: int
    name: str
    value: float
    unit: str | None


class Aux(Struct, frozen=True, kw_only=True):
    """`R/C/N/telemetry/aux`: all auxiliary inputs of a channel.

    Attributes:
        unix_time_second: our UTC clock when the reply came.
        values: the same by name, for whoever knows what he looks for.
    """

    unix_time_second: float
    run: int
    test_name: str | None
    inputs: list[AuxInput]
    values: dict[str, float]


class Variables(Struct, frozen=True, kw_only=True):
    """`R/C/N/telemetry/variables`, MacNet (4, 8).

    Attributes:
        unix_time_second: our UTC clock when the reply came.
        global_flags: 32 flags of the tester in hexadecimal, such as `0x00000020`.
        flags_set: which of them are set, the lowest bit being 0.
        variables: `VAR1` to `VAR15` of the channel.
    """

    unix_time_second: float
    run: int
    test_name: str | None
    global_flags: str
    flags_set: list[int]
    variables: dict[str, float]
