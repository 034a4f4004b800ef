"""A TCP proxy on loopback whose network can be cut: nothing is refused and nothing passes.

While it is cut, what either side sends stays in the system's buffers, and new connections are taken and
then hear nothing, as behind a switch that has lost its power. Both ends have to notice by
themselves. When the cut ends, all connections that it struck are gone.
"""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self

CHUNK_BYTES = 1 << 16
POLL_S = 0.05
STUCK_S = 5.0


class Proxy:
    """Forwards between `port` and another port of this machine, in a thread of its own.

    Attributes:
        port: where it listens.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket | None] = {}
        self._is_cut = self._was_cut = False
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopped.set()
        self._thread.join()
        for side in [*self._peers, self._listener]:
            side.close()
        self._selector.close()

    def cut(self) -> None:
        """From now on nothing passes."""
        self._become(True)

    def restore(self) -> None:
        """New connections pass again; all that were there are gone."""
        self._become(False)

    def _become(self, is_cut: bool) -> None:
        self._changed.clear()
        self._is_cut = is_cut
        if not self._changed.wait(2 * STUCK_S):
            raise RuntimeError("the proxy's thread is stuck")

    def _run(self) -> None:
        while not self._stopped.is_set():
            is_cut = self._is_cut
            if is_cut != self._was_cut:
                if not is_cut:
                    self._drop_all()
                self._was_cut = is_cut
                self._changed.set()
            for key, _ in self._selector.select(POLL_S):
                side = key.fileobj
                assert isinstance(side, socket.socket)
                if side is self._listener:
                    self._accept()
                elif side in self._peers:
                    self._forward(side)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._was_cut:
            self._peers[client] = None
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._target), STUCK_S)
        except OSError:
            client.close()
            return
        for side, other in ((client, server), (server, client)):
            side.settimeout(STUCK_S)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[side] = other
            self._selector.register(side, selectors.EVENT_READ)

    def _forward(self, side: socket.socket) -> None:
        if self._was_cut:
            # Not read until the end of the cut, which drops it: nobody may learn anything.
            self._selector.unregister(side)
            return
        other = self._peers[side]
        assert other is not None
        try:
            data = side.recv(CHUNK_BYTES)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self._drop(side)
        self._drop(other)

    def _drop_all(self) -> None:
        for side in list(self._peers):
            self._drop(side)

    def _drop(self, side: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(side)
        self._peers.pop(side, None)
        side.close()
