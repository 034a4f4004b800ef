"""How much may be asked of a tester at a time."""

from __future__ import annotations

from macnet_bridge.telemetry.budget import SWEEP_S, Budget


def test_before_the_first_answer_one_at_a_time() -> None:
    assert Budget().depth(32) == 1


def test_a_quick_tester_is_asked_for_as_much_as_takes_four_milliseconds() -> None:
    budget = Budget()
    budget.observe(0.0005)
    assert budget.depth(32) == 8
    budget.observe(0.0032, 32)
    assert budget.depth(32) == 32


def test_a_slow_tester_is_asked_one_at_a_time() -> None:
    budget = Budget()
    for _ in range(100):
        budget.observe(0.034)
        assert budget.depth(32) == 1


def test_a_busy_bridge_does_not_take_a_quick_tester_for_a_slow_one() -> None:
    budget = Budget()
    for _ in range(10):
        budget.observe(0.0005)
        for _ in range(50):
            budget.observe(0.010)  # replies wait for us
        assert budget.depth(32) >= 8


def test_a_quick_tester_is_known_for_one_although_every_reply_waits_for_us() -> None:
    budget = Budget()
    depth = 1
    for _ in range(40):
        budget.observe(0.013 + depth * 0.0001, depth)
        depth = budget.depth(32)
    taken = []
    for _ in range(100):
        budget.observe(0.013 + depth * 0.0001, depth)
        depth = budget.depth(32)
        taken.append(depth)
    assert min(taken) >= 6


def test_a_trial_takes_no_longer_than_forty_milliseconds() -> None:
    budget, taken = Budget(), []
    for _ in range(100):
        budget.observe(0.019)
        taken.append(budget.depth(32))
    assert max(taken) == 2
    assert taken.count(2) == 12


def test_a_tester_that_became_slow_is_known_for_one_soon() -> None:
    budget = Budget()
    budget.observe(0.0001)
    for _ in range(64):
        budget.observe(0.034)
    assert budget.depth(32) == 1


def test_a_tester_that_becomes_slow_is_asked_for_less_after_one_batch() -> None:
    """Else commands would wait behind 32 of its replies, until all of the last answers are slow ones."""
    budget = Budget()
    for _ in range(100):
        budget.observe(0.0001)
    assert budget.depth(32) == 32
    budget.observe(32 * 0.034, 32)
    assert budget.depth(32) == 1
    budget.observe(0.0001)
    assert budget.depth(32) == 32, "it was not the tester that was slow"


def test_a_busy_bridge_goes_on_to_ask_for_a_sweep_in_one_go() -> None:
    budget = Budget()
    budget.observe(0.008, 4)
    for _ in range(100):
        assert budget.depth(4, SWEEP_S) == 4
        budget.observe(0.009, 4)


def test_a_tester_of_three_milliseconds_is_asked_for_a_sweep_request_by_request() -> None:
    budget = Budget()
    budget.observe(0.003)
    assert budget.depth(4, SWEEP_S) == 3


def test_a_busy_bridge_asks_for_no_less() -> None:
    budget = Budget()
    budget.observe(0.0001)
    for _ in range(10):
        budget.observe(0.09, 32)
        assert budget.depth(32) == 32
