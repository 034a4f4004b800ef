"""amqtt in a thread with an event loop of its own.

So a busy broker delays no timer of the application, nor the other way round, and tests can use it
without a loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import Any

from macnet_bridge.embedded_broker import amqtt_versions

_SHUT_DOWN_S = 2.0
_PATIENCE_S = 10.0


class AmqttThread:
    """amqtt in a thread with its own event loop."""

    def __init__(self) -> None:
        import amqtt

        self.name = f"amqtt {amqtt.__version__} (MQTT 3.1.1 only)"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._listening = False

    def start(self, host: str, port: int) -> None:
        _silence("amqtt", "transitions")
        self._thread = threading.Thread(target=self._run, args=(host, port), name="amqtt", daemon=True)
        self._thread.start()

    def _run(self, host: str, port: int) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.get_loop().set_exception_handler(lambda _loop, _context: None)
            runner.run(self._serve(host, port))

    async def _serve(self, host: str, port: int) -> None:
        from amqtt.broker import Broker
        from amqtt.errors import BrokerError as CannotStart

        amqtt_versions.refuse_others()
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        broker = Broker(_amqtt_config(host, port))
        with contextlib.suppress(CannotStart):  # a port in use; the one who waits for us will see it
            await broker.start()
            self._listening = True
            await self._stop.wait()
            await _shut_down(broker)

    def is_listening(self) -> bool:
        return self._listening

    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed already
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)


async def _shut_down(broker: Any) -> None:
    # amqtt goes on accepting while it ends its sessions, and a client that comes back in that moment
    # keeps it from ending for ever. So the door is closed first, and patience has an end.
    for server in broker._servers.values():
        server.instance.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SHUT_DOWN_S):
            await broker.shutdown()


def _amqtt_config(host: str, port: int) -> dict[str, Any]:
    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
        "plugins": {anonymous: {"allow_anonymous": True}},
    }


def _silence(*names: str) -> None:
    # Whoever wants to see them can attach a handler; by themselves they must not reach the terminal.
    for name in names:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
