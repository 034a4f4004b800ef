"""Takes the bridge's name at the broker only when no other bridge has it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec

from macnet_bridge.app.namesake import SILENCE_S, Namesake, described
from macnet_bridge.app.ownership import TAKEOVER_S
from macnet_bridge.broker import BrokerSettings, Incoming, Lookout, ProtocolChoice
from macnet_bridge.errors import BrokerError
from macnet_bridge.payloads.status import BridgeStatus
from macnet_bridge.topics import Topics

log = logging.getLogger(__name__)

_JUDGE_S = 0.5

_KEEPALIVE_S = 10
"""At most, so that a dead link is never taken for a silent bridge."""


class OwnName:
    """Looks at the broker before the bridge connects by its own client id and throws out whoever has it."""

    def __init__(
        self,
        topics: Topics,
        instance: str,
        settings: BrokerSettings,
        choice: ProtocolChoice,
        *,
        on_lost: Callable[[str], None],
        on_waiting: Callable[[bool], None],
    ) -> None:
        """
        Args:
            instance: of our data directory.
            settings: of the bridge itself.
            choice: the version of MQTT, which the bridge need not find out again.
            on_lost: called with one line when there is no broker to look at.
            on_waiting: called with True when another bridge turns out to have the name, and with
                False when it is ours.
        """
        self._status_topic = topics.bridge_topic("status")
        # The bridge's own, of which its broker lets it read all.
        (_, self._sign_topic), *_ = topics.command_filters(())
        self._name = topics.bridge
        self._instance = instance
        self._settings = settings
        self._choice = choice
        self._tell_lost = on_lost
        self._tell_waiting = on_waiting
        self._is_waiting = False
        self._warned = ""
        self._news = asyncio.Event()

    async def free(self, absent_s: float) -> None:
        """Return when the bridge may connect; at once where its connection is away for a moment only.

        Args:
            absent_s: how long ago its connection was seen to deliver, infinite before the first time.

        Raises:
            ConfigError: the URL is wrong.
        """
        if absent_s < TAKEOVER_S:
            return
        namesake = Namesake(self._instance, gone_s=TAKEOVER_S, silence_s=SILENCE_S)
        lookout = self._lookout(namesake)
        looking = asyncio.create_task(lookout.run(), name="lookout")
        looking.add_done_callback(lambda _: self._news.set())
        try:
            await self._until_free(namesake, looking)
            await lookout.leave()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        self._say_free()

    def _lookout(self, namesake: Namesake) -> Lookout:
        def hear(message: Incoming) -> None:
            now = time.monotonic()
            if message.topic == self._status_topic:
                namesake.heard_status(_decoded(message.payload), now)
            elif not message.retain:
                namesake.heard_sign_of_life(now)
            self._news.set()

        def looked() -> None:
            namesake.looked(time.monotonic())
            self._news.set()

        return Lookout(
            replace(
                self._settings,
                client_id=f"{self._settings.client_id}-look-{secrets.token_hex(4)}",
                session_expiry_s=0,
                keepalive_s=min(self._settings.keepalive_s, _KEEPALIVE_S),
            ),
            [self._status_topic, self._sign_topic],
            self._choice,
            on_message=hear,
            on_looked=looked,
            on_gone=namesake.lost,
            on_lost=self._on_lost,
        )

    async def _until_free(self, namesake: Namesake, looking: asyncio.Task[None]) -> None:
        while (verdict := namesake.judge(time.monotonic())) != "free":
            if verdict == "taken":
                self._say_taken(namesake.seen)
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_JUDGE_S):
                    await self._news.wait()
            if looking.done():
                self._say_blind(looking.exception())
                return

    # -- what is said

    def _on_lost(self, reason: str) -> None:
        log.warning("no MQTT: %s", reason)
        self._tell_lost(reason)

    def _say_taken(self, other: BridgeStatus | None) -> None:
        if not self._is_waiting and other is not None:
            self._is_waiting = True
            log.warning(
                "%s: this one serves nothing and waits until that one is gone; "
                "give one of them another bridge.name, or stop one",
                described(self._name, other),
            )
            self._tell_waiting(True)

    def _say_free(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            log.warning("the other bridge called %s is gone or silent: this one takes its place", self._name)
            self._tell_waiting(False)

    def _say_blind(self, problem: BaseException | None) -> None:
        if not isinstance(problem, BrokerError):
            raise problem or RuntimeError("a look has no end of its own")
        if str(problem) != self._warned:
            self._warned = str(problem)
            log.warning("whether another bridge is called %s cannot be seen: %s", self._name, problem)


def _decoded(payload: bytes) -> BridgeStatus | None:
    try:
        return msgspec.json.decode(payload, type=BridgeStatus)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
