"""From MacNet's replies to what is published of auxiliary inputs and variables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from macnet_bridge.macnet.protocol.messages import AuxReadings, FlagsAndVariables
from macnet_bridge.payloads.inputs import Aux, AuxInput, Variables

_FLAGS = 32


def aux_payload(
    reply: AuxReadings,
    units: Sequence[str],
    names: Mapping[int, str],
    *,
    unix_time_second: float,
    run: int,
    test_name: str | None,
) -> Aux:
    """A reply of MacNet (4, 4) in our words.

    Args:
        units: from (4, 5). Where there are not as many as values, which is whose cannot be known.
        names: configured ones, by input.
    """
    known: list[str | None] = list(units) if len(units) == len(reply.values) else [None] * len(reply.values)
    inputs = [
        AuxInput(input=number, name=names.get(number, f"aux_{number}"), value=value, unit=unit)
        for number, (value, unit) in enumerate(zip(reply.values, known, strict=True), start=1)
    ]
    return Aux(
        unix_time_second=unix_time_second,
        run=run,
        test_name=test_name,
        inputs=inputs,
        values={found.name: found.value for found in inputs},
    )


def variables_payload(
    reply: FlagsAndVariables, *, unix_time_second: float, run: int, test_name: str | None
) -> Variables:
    """A reply of MacNet (4, 8) in our words."""
    return Variables(
        unix_time_second=unix_time_second,
        run=run,
        test_name=test_name,
        global_flags=f"0x{reply.flags:08X}",
        flags_set=[bit for bit in range(_FLAGS) if reply.flags >> bit & 1],
        variables={f"VAR{number}": value for number, value in enumerate(reply.variables, start=1)},
    )
