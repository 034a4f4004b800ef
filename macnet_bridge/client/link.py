"""The connection of a client: commands out and their acknowledgements in, messages to the streams."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from typing import Any

import msgspec

from macnet_bridge.broker import BrokerSettings, Incoming, Listener, Outgoing
from macnet_bridge.client.bridges import Bridges
from macnet_bridge.client.command import Command
from macnet_bridge.client.failures import NoAnswer
from macnet_bridge.client.roles import Role
from macnet_bridge.client.stream import Stream
from macnet_bridge.client.under_way import Takes, UnderWay, Waiting
from macnet_bridge.errors import BrokerError, InvalidRequest
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.topics import ANONYMOUS, Scope, Source, is_name, read_published

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 4.0
_TOLD_AFTER = 2
"""Deliveries without an answer after which a person who waits would like to know why."""
_PERHAPS_DENIED = "perhaps the broker does not let this user publish there"

_log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(Acknowledgement).decode


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
        self._under_way = UnderWay(self.principal)
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
        self._under_way.end(self._no_answer)
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

    async def call(self, command: Command, takes: Takes = lambda *_: True) -> Acknowledgement:
        """Send a command until its final acknowledgement comes, and give that.

        Raises:
            NoAnswer: none came in time, or before the client was closed.
        """
        if self._is_closed:
            raise NoAnswer(command.id, command.topic, 0)
        with self._under_way.entered(command, takes) as waiting:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._left_s(command)):
                    return await self._send_until_answered(waiting)
            except TimeoutError:
                raise self._no_answer(waiting) from None

    def _no_answer(self, waiting: Waiting) -> NoAnswer:
        command = waiting.command
        return NoAnswer(command.id, command.topic, waiting.deliveries, self.bridges.about(command.topic))

    @staticmethod
    def _left_s(command: Command) -> float:
        return command.until - time.monotonic()

    async def _send_until_answered(self, waiting: Waiting) -> Acknowledgement:
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

    async def _send_unless_answered(self, waiting: Waiting) -> None:
        sending = asyncio.create_task(self._send(waiting), name="mqtt-client-send")
        either: set[asyncio.Future[Any]] = {sending, waiting.answer}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
        if sending.done():
            sending.result()

    async def _send(self, waiting: Waiting) -> None:
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
            self._under_way.settle(source.name, _decode(message.payload))
            return
        if source.scope is Scope.BRIDGE:
            self.bridges.take(source, message.payload)
        self._hand_to_streams(source, message)

    def _take_reply(self, message: Incoming) -> None:
        waiting = self._under_way.with_token(message.correlation_data)
        if waiting is not None:
            waiting.settle("", _decode(message.payload))

    def _hand_to_streams(self, source: Source, message: Incoming) -> None:
        for stream in list(self._streams):
            if stream.is_for(source):
                stream.put(source.channel, message.payload)

    # -- streams

    def listen(self, stream: Stream) -> None:
        """Let a stream have what matches it, from now on and until nobody holds it any more."""
        self._streams.add(stream)
        self._spawn("mqtt-client-subscribe", self._listener.subscribe(stream.topic_filter))
