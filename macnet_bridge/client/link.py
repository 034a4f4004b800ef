"""The connection of a client: commands out and their acknowledgements in, messages to the streams."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from macnet_bridge.broker import BrokerSettings, Incoming, Listener, Outgoing
from macnet_bridge.client.bridges import Bridges
from macnet_bridge.client.failures import NoAnswer
from macnet_bridge.client.reach import Reach
from macnet_bridge.client.roles import Role
from macnet_bridge.client.stream import Stream
from macnet_bridge.errors import BrokerError, InvalidRequest
from macnet_bridge.payloads.acknowledgements import Acknowledgement, Problem
from macnet_bridge.topics import ANONYMOUS, Scope, Source, is_name, read_published

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 4.0
_TOLD_AFTER = 2
"""Deliveries without an answer after which a person who waits would like to know why."""
_PERHAPS_DENIED = "perhaps the broker does not let this user publish there"

_log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(Acknowledgement).decode


@dataclass(frozen=True)
class Command:
    """A command as it is published, again and again, until its final acknowledgement is there.

    Attributes:
        acknowledgement_topics: where it is answered for those without MQTT 5.
        wants_reply: whether its answer is to come by a Response Topic, where there are such.
        until: time.monotonic() when there is no more waiting.
        reach: the channels that it is for, None where it is not for channels.
    """

    id: str
    topic: str
    payload: bytes
    acknowledgement_topics: tuple[str, ...]
    until: float
    wants_reply: bool = True
    verb: str = ""
    role: Role = Role.READS
    reach: Reach | None = None

    def is_overtaken_by(self, stop: Command) -> bool:
        """Whether it must not arrive after that stop."""
        if self.role is not Role.CHANGES or stop.role is not Role.STOPS:
            return False
        return self.reach is not None and stop.reach is not None and stop.reach.meets(self.reach)


@dataclass(eq=False)
class _Waiting:
    """A command under way.

    Attributes:
        takes: says of each final acknowledgement whether it was the last one.
        is_overtaken: a stop of its channels was given since: it is not sent again.
        is_accepted: a bridge has said that it has it.
    """

    command: Command
    takes: Callable[[str, Acknowledgement], bool]
    token: bytes = field(default_factory=lambda: uuid4().bytes)
    deliveries: int = 0
    is_overtaken: bool = False
    is_accepted: bool = False
    answer: asyncio.Future[Acknowledgement] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Link:
    """One connection to the broker, which comes back by itself.

    Attributes:
        principal: the user name that commands carry in their topic.
        bridges: what they say of themselves.
    """

    def __init__(self, settings: BrokerSettings, root: str) -> None:
        self.root = root
        self.principal = settings.username or ANONYMOUS
        self.bridges = Bridges(root)
        self._named = bool(settings.username)
        self._reply_topic = f"{root}/reply/{self.principal}/{settings.client_id}"
        self._reason = ""
        self._is_open = False
        self._is_closed = False
        self._names = settings.names
        filters = [f"{root}/bridge/+/status", f"{root}/bridge/+/info"]
        if is_name(self.principal):
            filters.append(self._reply_topic)
        self._listener = Listener(settings, filters, on_lost=self._on_lost)
        self._waiting: dict[bytes, _Waiting] = {}
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._answer_filters: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def command_topic(self, base: str, verb: str) -> str:
        """Where a command is published; a client without a name leaves the last level out.

        Raises:
            InvalidRequest: no bridge takes commands of a user of that name.
        """
        if not is_name(self.principal):
            raise InvalidRequest(
                f"no bridge takes commands of {self._names.username} {self.principal!r}: "
                "a-z, 0-9, _ and - only, at most 63 of them",
                "username",
            )
        topic = f"{self.root}/{base}/cmd/{verb}"
        return f"{topic}/{self.principal}" if self._named else topic

    # -- coming and going

    async def open(self, timeout_s: float) -> None:
        """Connect, and wait until the broker listens to us.

        Raises:
            ConfigError: the URL is wrong.
            BrokerError: there is no connection in time, and why.
        """
        running = self._spawn("mqtt-client", self._listener.run())
        self._spawn("mqtt-client-inbox", self._dispatch())
        ready = asyncio.ensure_future(self._listener.subscribed())
        await asyncio.wait({running, ready}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            self._is_open = True
            return
        ready.cancel()
        if running.done():
            running.result()
        raise BrokerError(self._reason or f"no connection to the broker within {timeout_s:g} s")

    async def close(self) -> None:
        """End the connection and all streams. Commands that wait have no answer, and end with that."""
        self._is_closed = True
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(self._no_answer(waiting))
                waiting.answer.exception()  # who waited may be gone, and that is nothing to complain of
        for stream in list(self._streams):
            stream.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, name: str, coroutine: object) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(coroutine, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_lost(self, reason: str) -> None:
        self._reason = reason
        if self._is_open:  # before that, `open` raises it
            _log.info("%s", reason)

    # -- commands

    async def call(
        self, command: Command, takes: Callable[[str, Acknowledgement], bool] = lambda *_: True
    ) -> Acknowledgement:
        """Send a command until its final acknowledgement comes, and give that.

        Raises:
            NoAnswer: none came in time, or before the client was closed.
        """
        if self._is_closed:
            raise NoAnswer(command.id, command.topic, 0)
        with self._registered(command, takes) as waiting:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._left_s(command)):
                    return await self._send_until_answered(waiting)
            except TimeoutError:
                raise self._no_answer(waiting) from None

    def _no_answer(self, waiting: _Waiting) -> NoAnswer:
        command = waiting.command
        return NoAnswer(command.id, command.topic, waiting.deliveries, self.bridges.about(command.topic))

    @staticmethod
    def _left_s(command: Command) -> float:
        return command.until - time.monotonic()

    @contextlib.contextmanager
    def _registered(
        self, command: Command, takes: Callable[[str, Acknowledgement], bool]
    ) -> Iterator[_Waiting]:
        for earlier in self._waiting.values():
            if earlier.command.is_overtaken_by(command):
                self._overtake(earlier)
        waiting = _Waiting(command, takes)
        self._waiting[waiting.token] = waiting
        try:
            yield waiting
        finally:
            del self._waiting[waiting.token]

    def _overtake(self, waiting: _Waiting) -> None:
        waiting.is_overtaken = True
        if not waiting.deliveries and not waiting.answer.done():
            waiting.answer.set_result(_never_sent(waiting.command, self.principal))

    async def _send_until_answered(self, waiting: _Waiting) -> Acknowledgement:
        pause_s = _FIRST_PAUSE_S
        while not waiting.answer.done():
            await self._send_unless_answered(waiting)
            await asyncio.wait({waiting.answer}, timeout=pause_s)
            if waiting.is_accepted and waiting.command.role is not Role.STOPS:
                # A bridge has it, so only its answer can still be lost. Many that wait for a slow tester
                # would keep it busy with repeats.
                await asyncio.wait({waiting.answer}, timeout=_LONGEST_PAUSE_S - pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if waiting.deliveries == _TOLD_AFTER and not waiting.is_accepted and not waiting.answer.done():
                why = self.bridges.about(waiting.command.topic) or _PERHAPS_DENIED
                _log.info("no answer yet to %s: %s; it is sent again", waiting.command.topic, why)
        return waiting.answer.result()

    async def _send_unless_answered(self, waiting: _Waiting) -> None:
        sending = asyncio.create_task(self._send(waiting), name="mqtt-client-send")
        either: set[asyncio.Future[Any]] = {sending, waiting.answer}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
        if sending.done():
            sending.result()

    async def _send(self, waiting: _Waiting) -> None:
        command = waiting.command
        protocol = await self._listener.subscribed()
        if protocol == "4" or not command.wants_reply or not self.bridges.all_know_replies:
            await self._listen_for_answers(command)
        by_reply = command.wants_reply
        message = Outgoing(
            command.topic,
            command.payload,
            qos=1,
            correlation_data=waiting.token if by_reply else None,
            response_topic=self._reply_topic if by_reply else None,
        )
        if not waiting.is_overtaken:
            waiting.deliveries += self._listener.publish(message)

    async def _listen_for_answers(self, command: Command) -> None:
        for topic in command.acknowledgement_topics:
            if topic not in self._answer_filters:
                await self._listener.subscribe(topic)
                self._answer_filters.add(topic)

    # -- what comes

    async def _dispatch(self) -> None:
        while True:
            message = await self._listener.receive()
            try:
                self._take(message)
            except msgspec.DecodeError:
                _log.debug("%s: nothing that this version can read", message.topic)

    def _take(self, message: Incoming) -> None:
        if message.topic == self._reply_topic:
            self._take_reply(message)
            return
        source = read_published(self.root, message.topic)
        if source is None:
            return
        if source.leaf == "ack":
            self._take_acknowledgement(source, message)
            return
        if source.scope is Scope.BRIDGE:
            self.bridges.take(source, message.payload)
        self._hand_to_streams(source, message)

    def _take_reply(self, message: Incoming) -> None:
        waiting = self._waiting.get(message.correlation_data or b"")
        if waiting is not None:
            self._settle(waiting, "", _decode(message.payload))

    def _take_acknowledgement(self, source: Source, message: Incoming) -> None:
        acknowledgement = _decode(message.payload)
        for waiting in list(self._waiting.values()):
            if waiting.command.id == acknowledgement.id and acknowledgement.principal == self.principal:
                self._settle(waiting, source.name, acknowledgement)

    @staticmethod
    def _settle(waiting: _Waiting, name: str, acknowledgement: Acknowledgement) -> None:
        is_whole = acknowledgement.final and acknowledgement.part is not True
        waiting.is_accepted |= acknowledgement.status == "accepted" and acknowledgement.part is not True
        if is_whole and not waiting.answer.done() and waiting.takes(name, acknowledgement):
            waiting.answer.set_result(acknowledgement)

    def _hand_to_streams(self, source: Source, message: Incoming) -> None:
        for stream in list(self._streams):
            if stream.is_for(source):
                stream.put(source.channel, message.payload)

    # -- streams

    def listen(self, stream: Stream) -> None:
        """Let a stream have what matches it, from now on and until nobody holds it any more."""
        self._streams.add(stream)
        self._spawn("mqtt-client-subscribe", self._listener.subscribe(stream.topic_filter))


def _never_sent(command: Command, principal: str) -> Acknowledgement:
    """What became of a command that this program has not sent, in the bridge's words for it."""
    return Acknowledgement(
        id=command.id,
        command=command.verb,
        principal=principal,
        status="superseded",
        final=True,
        error=Problem(
            code="STOPPED",
            category="precondition",
            message="a stop of its channels was given before it could be sent",
            retryable=True,
        ),
        received_at=time.time(),
    )
