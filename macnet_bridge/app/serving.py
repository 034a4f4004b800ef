"""Polls the cyclers that this bridge serves, and leaves those to others that others serve."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from macnet_bridge.app.ownership import Ownership
from macnet_bridge.broker import Incoming
from macnet_bridge.commands.verbs import STOPS
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.status import BridgeStatus
from macnet_bridge.telemetry.poller import Poller
from macnet_bridge.topics import Scope, Topics, read_published

log = logging.getLogger(__name__)

FIRST_LOOK_S = 2.0
"""How long polling waits for a broker, which may know of another bridge."""

FIRST_COMMANDS_S = 1.0
"""How long the first commands of a connection wait for that. Not longer: a broker may hold back what would
tell until they are acknowledged."""

CHECK_AGES_S = 5.0
"""How often it is looked for channels that were not read for too long."""

_LOOK_S = 0.5


class _Claim(Struct, frozen=True):
    """What the retained messages under a cycler have in common."""

    bridge: str
    session: str


class Serving:
    """Which cyclers are served at the moment, and their pollers."""

    def __init__(
        self,
        topics: Topics,
        ownership: Ownership,
        pollers: Mapping[str, Poller],
        announce: Callable[[], None],
    ) -> None:
        """
        Args:
            announce: called when `not_served` has changed.
        """
        self._topics = topics
        self._ownership = ownership
        self._pollers = pollers
        self._announce = announce
        self._polling: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, str] = {}
        self._claimed: dict[str, str] = {}
        self._connected = asyncio.Event()
        self._news = asyncio.Event()
        self.is_waiting = False
        """Another bridge has our name."""

    @property
    def filters(self) -> list[str]:
        """Topics that tell of other bridges; what is retained there is wanted."""
        leaves = ("status", "info")
        claims = [self._topics.cycler_topic(name, leaf) for name in self._pollers for leaf in leaves]
        return [f"{self._topics.root}/bridge/+/status", *claims]

    @property
    def not_served(self) -> dict[str, str]:
        """Cyclers that are left to another bridge, and its name."""
        return self._ownership.not_served

    def served(self) -> list[Poller]:
        """Pollers of the cyclers that are ours."""
        if self.is_waiting:
            return []
        return [poller for name, poller in self._pollers.items() if name not in self.not_served]

    def owner(self, topic: str, *, waited: bool) -> str | None:
        """The other bridge that a command is for, None when it is ours to answer.

        Args:
            waited: in the broker, while we were away. Who took a cycler over meanwhile got it, too, and
                may have carried it out: it is not ours even where the cycler is again. But a stop may
                have come before that, and be carried out by nobody; twice does no harm.
        """
        cycler, _ = self._topics.address_hint(topic)
        if cycler is None and self._topics.is_for_all(topic) and not self.served():
            # A stop of everything: who serves nothing has nothing to say.
            return next(iter(self.not_served.values()), None)
        owner = self.not_served.get(cycler or "")
        may_be_done = owner is None and waited and not self._stops(topic)
        return self._claimed.get(cycler or "") if may_be_done else owner

    def _stops(self, topic: str) -> bool:
        try:
            return self._topics.parse_command(topic).verb in STOPS
        except Rejected:
            return False

    # --- what the broker tells

    def heard(self, message: Incoming) -> None:
        """Something came by one of `filters`. Never fails."""
        source = read_published(self._topics.root, message.topic)
        if source is None or not message.payload:
            return
        if source.scope is Scope.BRIDGE:
            status = _decoded(message.payload, BridgeStatus)
            if status is not None:
                self._ownership.heard_status(source.name, status)
        elif (claim := _decoded(message.payload, _Claim)) is not None:
            self._heard_claim(source.name, claim)
        self._news.set()

    def _heard_claim(self, name: str, claim: _Claim) -> None:
        replaces_ours = self._ownership.heard_claim(name, claim.bridge, claim.session)
        if replaces_ours and self._connected.is_set():
            self._look()
            if name not in self.not_served:
                self._pollers[name].publish_retained()

    def connected(self) -> None:
        """The broker has told what it keeps."""
        self._ownership.connected()
        self._claimed = self._ownership.claimed
        self._ownership.look(time.monotonic())
        self._told = self.not_served
        self._connected.set()
        self._news.set()

    def lost(self) -> None:
        """Nothing is heard of the others until `connected` is called again."""
        self._connected.clear()

    def wait_for_the_name(self, is_waiting: bool) -> None:
        """Poll nothing while another bridge has our name: it may serve the same cyclers."""
        self.is_waiting = is_waiting
        self._news.set()

    # --- polling

    async def hear_of_others(self, received: float) -> None:
        """Before a command is taken that came in this monotonic second: wait for what the broker tells at the
        beginning of each connection."""
        if not self._connected.is_set():
            await self._wait(self._connected, received + FIRST_COMMANDS_S - time.monotonic())

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Poll what is ours, until cancelled."""
        await self._wait(self._connected, FIRST_LOOK_S)
        try:
            while True:
                self._news.clear()
                if self._connected.is_set():
                    self._look()
                self._sync(tasks)
                await self._wait(self._news, _LOOK_S)
        finally:
            for task in self._polling.values():
                task.cancel()

    async def check_ages(self) -> None:
        """Look for channels that were not read for too long, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_AGES_S)
            for poller in self.served():
                poller.watch.check_age(time.time())

    def _look(self) -> None:
        self._ownership.look(time.monotonic())
        if self._told != self.not_served:
            self._told = self.not_served
            self._announce()

    def _sync(self, tasks: asyncio.TaskGroup) -> None:
        for name, poller in self._pollers.items():
            is_ours = not self.is_waiting and name not in self.not_served
            if not is_ours and (task := self._polling.pop(name, None)) is not None:
                task.cancel()
                self._pollers[name].watch.leave(time.time())
            elif is_ours and name not in self._polling:
                self._polling[name] = tasks.create_task(poller.run(), name=f"{name} poller")

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass


def _decoded(payload: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
