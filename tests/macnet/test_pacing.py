"""When outputs may leave; time is an argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet.cycler.pacing import OUTPUT_INTERVAL_S, TESTER_GAP_S, OutputPacing


def test_the_first_output_of_a_channel_does_not_wait() -> None:
    assert OutputPacing().wait_s(5, 1000.0) == 0.0


def test_q21_the_next_one_waits_150_ms_after_the_last_left() -> None:
    pacing = OutputPacing()
    pacing.left(5, 10.0)
    assert pacing.wait_s(5, 10.0) == pytest.approx(OUTPUT_INTERVAL_S) == 0.15
    assert 0.04 < pacing.wait_s(5, 10.1) < 0.06
    assert pacing.wait_s(5, 10.2) == 0.0


def test_u19_channels_do_not_wait_for_one_another() -> None:
    pacing = OutputPacing()
    pacing.left(5, 10.0)
    assert pacing.wait_s(6, 10.0) == 0.0


def test_a_late_reply_proves_only_that_the_request_had_come_by_then() -> None:
    pacing = OutputPacing()
    pacing.left(5, 10.0)
    pacing.answered(5, 10.3)
    assert pacing.wait_s(5, 10.3) == pytest.approx(TESTER_GAP_S) == 0.1


@given(st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 0.5), st.floats(0, 0.3)), max_size=20))
def test_whatever_the_delays_the_tester_gets_outputs_100_ms_apart(
    rounds: list[tuple[float, float, float]],
) -> None:
    """Each round: how long the request travels, how long its reply does, how long the caller idles."""
    pacing, now, last_left, last_arrived = OutputPacing(), 0.0, -1.0, -1.0
    for there, back, idle in rounds:
        now += pacing.wait_s(1, now)
        assert now - last_left >= OUTPUT_INTERVAL_S - 1e-9
        assert now + there - last_arrived >= TESTER_GAP_S - 1e-9
        pacing.left(1, now)
        last_left, last_arrived = now, now + there
        pacing.answered(1, now + there + back)
        now += there + back + idle
