"""Whether a reply of MacNet (4, 8) shows a variable, however the tester words it."""

from __future__ import annotations

import pytest

from macnet_bridge.macnet.protocol.messages import FlagsAndVariables


@pytest.mark.parametrize(
    ("shown", "value", "has"),
    [
        ([4.30000019073486], 4.3, True),  # 15 digits, as the manual's examples have them
        ([4.3], 4.300000190734863, True),
        ([4.31], 4.3, False),
        ([float("nan")], 4.3, False),
        ([1e39], 4.3, False),
        ([], 4.3, False),
    ],
)
def test_a_variable_reads_a_value(shown: list[float], value: float, has: bool) -> None:
    reply = FlagsAndVariables(global_flags="0x00000000", variables=[0.0, 0.0, *shown])
    assert reply.has(3, value) is has
