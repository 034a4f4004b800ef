"""Specifications of channels, asked for when there is time."""

from __future__ import annotations

from tests.telemetry.polls import online, polled


async def test_limits_are_asked_for_again_after_a_new_connection() -> None:
    async with polled() as it:
        await it.record.wait("info", lambda info: info["specifications"])
        before = len(it.simulated.received.of(3, 1))
        it.simulated.disconnect_all()
        await it.simulated.wait_for(lambda _: len(it.simulated.received.of(3, 1)) >= before + 4, 30)
        assert it.tester.survey is not None


async def test_a_specification_that_is_refused_is_asked_for_once() -> None:
    async with polled() as it:
        await it.record.wait("status", online)
        it.simulated.faults.missing.add((3, 1))
        it.tester.specifications.clear()
        it.poller._specifications._unknown = [1, 2, 3, 4]
        before = len(it.simulated.received.of(3, 1))
        await it.record.wait("1/telemetry/reading", since=it.mark, count=5)
        assert len(it.simulated.received.of(3, 1)) - before == 4


async def test_specifications_are_read_again_when_the_tester_comes_back() -> None:
    async with polled() as it:
        await it.record.wait("info", lambda info: info["specifications"])
        mark = it.mark
        await it.simulated.stop()
        await it.record.wait("status", lambda status: status["state"] == "offline", mark)
        it.simulated.received.clear()
        await it.simulated.start()
        await it.record.wait("info", lambda info: info["specifications"], it.mark)
        assert {record.channel for record in it.simulated.received.of(3, 1)} == {1, 2, 3, 4}
