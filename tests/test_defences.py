"""The numbered tests fail when the defence that they are about is gone; see `defences`."""

from __future__ import annotations

import pytest

from tests.defences import DEFENCES, TESTS_FAILED, Defence, failures, row, run


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.number)
def test_without_its_defence_a_numbered_test_fails(defence: Defence) -> None:
    assert f"::test_{defence.number.lower()}_" in defence.test
    done = run(defence.test, without=defence)
    failed = failures(done.stdout)
    print("\n" + row(defence, failed))  # noqa: T201 - what is shown with -s
    assert done.returncode == TESTS_FAILED, done.stdout
    assert any(defence.notices in line for line in failed), done.stdout


def test_with_all_defences_they_pass() -> None:
    done = run(*(defence.test for defence in DEFENCES))
    assert done.returncode == 0, done.stdout
