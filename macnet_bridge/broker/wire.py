"""The event loop drives paho's socket: it reads what there is, and writes what gathered in one piece."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

from macnet_bridge.broker import sockets
from macnet_bridge.broker.buffered import BufferedSocket
from macnet_bridge.broker.packets import Confirmation

_COMPANY_S = 0.002
"""How long a confirmation waits for something that it can leave with."""


class WireEvents(Protocol):
    """Who is told what happens on a socket."""

    def on_confirmations(self, found: list[Confirmation]) -> None: ...
    def on_written(self, count: int) -> None: ...
    def on_progress(self) -> None: ...
    def on_garbled(self, detail: str) -> None: ...
    def on_gone(self) -> None: ...


class Wire:
    """The socket of a paho client, from `attach` on.

    Attributes:
        socket: None before and after.
        is_paused: reading is stopped.
        last_read: time.monotonic() of the last sign of life of the broker.
    """

    def __init__(self, client: Client, events: WireEvents) -> None:
        self.socket: BufferedSocket | None = None
        self.is_paused = False
        self.last_read = time.monotonic()
        self._client = client
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._writes_soon = False
        self._watches_writing = False
        self._writes_late: asyncio.TimerHandle | None = None

    def attach(self) -> bool:
        """Drive the socket that the client has connected. False = it has none any more."""
        client = self._client
        sock: Any = client.socket()
        if sock is None:
            return False
        self.socket = sock
        with contextlib.suppress(OSError):  # the peer may be gone already; reading will say so
            sockets.tune(sock.raw)
        sock.gather()
        client.on_socket_close = lambda *_: self._detach()
        client.on_socket_register_write = lambda *_: self.want_write()
        self._loop.add_reader(sock, self._on_readable)
        if client.want_write():
            self.want_write()
        return True

    def close(self) -> None:
        """Close the socket at once and leave nothing behind."""
        self._detach()
        for name in ("on_socket_close", "on_socket_register_write"):
            setattr(self._client, name, None)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the client's socket, attached or not; any thread may call this."""
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def pause(self) -> None:
        """Stop reading, so that TCP slows the broker down.

        Confirmations and canaries wait as well, so nothing may be concluded from their absence.
        """
        if self.socket is not None and not self.is_paused:
            self.is_paused = True
            self._loop.remove_reader(self.socket)

    def resume(self) -> None:
        """Read on."""
        if self.socket is not None and self.is_paused:
            self.is_paused = False
            self.last_read = time.monotonic()
            self._loop.add_reader(self.socket, self._on_readable)
            # TLS may have read ahead, and the socket itself would never become readable for that.
            self._loop.call_soon(self._catch_up)

    def tick(self) -> None:
        """Let paho look after its keep-alive. Not while paused: it would miss answers that wait unread."""
        if not self.is_paused and self.socket is not None:
            self._step(self._client.loop_misc)

    def _detach(self) -> None:
        if self.socket is not None:
            self._loop.remove_reader(self.socket)
            self._loop.remove_writer(self.socket)
            self.socket = None

    # -- reading

    def _on_readable(self) -> None:
        self.last_read = time.monotonic()
        self._read()
        self._read_ahead()
        if self.socket is not None:
            with contextlib.suppress(OSError):  # reset by the peer; the next read says so
                sockets.acknowledge_at_once(self.socket.raw)
        self._events.on_progress()

    def _catch_up(self) -> None:
        self._read_ahead()
        self._events.on_progress()

    def _read_ahead(self) -> None:
        while self.socket is not None and not self.is_paused and self.socket.pending():
            self._read()

    def _read(self) -> None:
        sock = self.socket
        self._step(self._client.loop_read)
        if sock is not None and sock.confirmed:
            confirmed, sock.confirmed = sock.confirmed, []
            self._events.on_confirmations(confirmed)

    # -- writing

    def want_write(self) -> None:
        """Let what the socket has gathered leave at the end of this turn, with what else that brings."""
        # The socket is watched only when it is full: to begin and end that costs as much as to write.
        if self.socket is not None and not self._writes_soon and not self._watches_writing:
            self._writes_soon = True
            self._loop.call_soon(self._write_soon)

    def may_write(self) -> None:
        """Let what the socket has gathered leave with what else leaves, or in a moment by itself."""
        if self._writes_late is None:
            self._writes_late = self._loop.call_later(_COMPANY_S, self._write_late)

    def _write_late(self) -> None:
        self._writes_late = None
        if self.socket is not None and self.socket.has_unsent:
            self.want_write()

    def _write_soon(self) -> None:
        self._writes_soon = False
        if self.socket is not None:
            self._on_writable()

    def _on_writable(self) -> None:
        self._step(self._write)
        self._events.on_progress()
        self._watch_writing()

    def _watch_writing(self) -> None:
        """Wait for the socket to take more, while there is more."""
        if self.socket is None:
            return
        # What came to it meanwhile is written soon, unless the system has been found to take no more.
        wants = self.socket.has_unsent or (self._client.want_write() and not self._writes_soon)
        if wants and not self._watches_writing:
            self._loop.add_writer(self.socket, self._on_writable)
        elif not wants and self._watches_writing:
            self._loop.remove_writer(self.socket)
        self._watches_writing = wants

    def _write(self) -> MQTTErrorCode:
        """Let paho write all it has, and hand it to the system in one piece."""
        sock = self.socket
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            if not self._flush(sock):
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            outcome = self._client.loop_write()
            self._flush(sock)
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        return outcome

    def _flush(self, sock: BufferedSocket) -> bool:
        """Hand over what was gathered; QoS 0 counts as written only when the system took all of it."""
        is_empty = sock.flush()
        if is_empty and sock.published:
            count, sock.published = sock.published, 0
            self._events.on_written(count)
        return is_empty

    def _step(self, call: Callable[[], MQTTErrorCode]) -> None:
        try:
            outcome = call()
        except Exception as error:  # noqa: BLE001
            # paho lets some errors out for packets it cannot read, and would read the same packet
            # again for ever. Whatever it is may cost this connection, never the program.
            self._events.on_garbled(f": {error!r}")
            return
        if outcome == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            self._events.on_garbled("")
        elif outcome != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            self._events.on_gone()
