"""Reading until something shows."""

from __future__ import annotations

from macnet_bridge.commands.read_back import send_once, wait_until
from macnet_bridge.errors import NoReply, TesterOffline


class Asked:
    """A check that gives, or raises, one thing after another; the last one for ever."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = answers
        self.times = 0

    async def __call__(self) -> bool:
        answer = self.answers[min(self.times, len(self.answers) - 1)]
        self.times += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_without_time_it_asks_once() -> None:
    for asked, shows in ((Asked(True), True), (Asked(False), False), (Asked(NoReply("x")), False)):
        assert await wait_until(asked, 0) is shows
        assert asked.times == 1


async def test_it_asks_until_it_shows() -> None:
    asked = Asked(False, NoReply("lost"), TesterOffline("gone"), True)
    assert await wait_until(asked, 60)
    assert asked.times == 4


async def test_it_gives_up() -> None:
    asked = Asked(False)
    assert not await wait_until(asked, 0.12)
    assert asked.times >= 2


async def test_a_doubt_is_handed_back_and_a_refusal_is_not_swallowed() -> None:
    async def request(error: Exception | None) -> None:
        if error:
            raise error

    doubt = NoReply("lost")
    assert await send_once(request(doubt)) is doubt
    assert await send_once(request(None)) is None
