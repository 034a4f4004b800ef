"""The embedded broker: `mosquitto` when there is one on the PATH, else amqtt, which is pure Python."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import threading
from types import TracebackType
from typing import Literal, Protocol

from macnet_bridge.embedded_broker.amqtt_thread import AmqttThread
from macnet_bridge.embedded_broker.mosquitto import Mosquitto, find_mosquitto
from macnet_bridge.embedded_broker.welcome import connack
from macnet_bridge.errors import BrokerError

_START_S = 10.0
_MISSING = {
    "auto": "no broker to embed: pip install 'macnet-bridge[demo]', or install mosquitto",
    "mosquitto": "there is no mosquitto on the PATH; install it",
    "amqtt": "there is no amqtt; pip install 'macnet-bridge[demo]'",
}


class _Engine(Protocol):
    name: str

    def start(self, host: str, port: int) -> None: ...
    def is_listening(self) -> bool: ...
    def is_running(self) -> bool: ...
    def stop(self) -> None: ...


class EmbeddedBroker:
    """An MQTT broker for as long as the `async with` lasts.

    Args:
        host: address to listen on.
        port: 0 picks a free one.
        engine: "mosquitto" or "amqtt"; "auto" takes the first that is there.

    Attributes:
        port: the port that is listened on, once started.
        name: such as "mosquitto 2.0.11" or "amqtt 0.12.1 (MQTT 3.1.1 only)".
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        engine: Literal["auto", "mosquitto", "amqtt"] = "auto",
    ) -> None:
        self.host = host
        self.port = port
        self.name = ""
        self._wanted = engine
        self._engine: _Engine | None = None

    @property
    def supports_v5(self) -> bool:
        """Whether it speaks MQTT 5."""
        return self.name.startswith("mosquitto")

    def start(self) -> None:
        """Start, and return once MQTT clients are accepted. Blocks for some tens of milliseconds.

        Raises BrokerError: no broker installed, or it did not start.
        """
        engine = _choose(self._wanted)
        port = self.port or _free_port(self.host)
        try:
            engine.start(self.host, port)
            _wait_until_accepting(self.host, port, engine)
        except BaseException:
            engine.stop()
            raise
        self._engine, self.port, self.name = engine, port, engine.name

    def stop(self) -> None:
        """Stop; may be called twice."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()

    async def __aenter__(self) -> EmbeddedBroker:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _choose(wanted: str) -> _Engine:
    mosquitto = find_mosquitto()
    if mosquitto is not None and wanted != "amqtt":
        return Mosquitto(mosquitto)
    if importlib.util.find_spec("amqtt") is not None and wanted != "mosquitto":
        return AmqttThread()
    raise BrokerError(_MISSING[wanted])


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_until_accepting(host: str, port: int, engine: _Engine) -> None:
    # Trying is the only proof; each try takes as long as the refusal, and a short pause keeps the
    # processor free for the broker that is starting.
    pause = threading.Event()
    for _ in range(int(_START_S / 0.02)):
        # A welcome alone proves nothing: another broker may have been faster on this port.
        if engine.is_listening() and connack(host, port) == 0:
            return
        if not engine.is_running():
            break
        pause.wait(0.02)
    raise BrokerError(f"{engine.name} did not start on {host}:{port}; is the port in use?")
