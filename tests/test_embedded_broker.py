"""The broker that comes with the demo."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import socket
import threading
import time
from typing import Any, Literal

import pytest

from macnet_bridge.embedded_broker import EmbeddedBroker, broker, connack, find_mosquitto
from macnet_bridge.errors import BrokerError
from tests.brokers import NO_MOSQUITTO
from tests.patience import PATIENCE_S

Engine = Literal["mosquitto", "amqtt"]
needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason=NO_MOSQUITTO)
needs_amqtt = pytest.mark.skipif(importlib.util.find_spec("amqtt") is None, reason="amqtt is not installed")
ENGINES = [pytest.param("mosquitto", marks=needs_mosquitto), pytest.param("amqtt", marks=needs_amqtt)]


@pytest.mark.parametrize("engine", ENGINES)
async def test_it_accepts_clients_while_it_lasts(engine: Engine) -> None:
    async with EmbeddedBroker(engine=engine) as broker:
        assert connack("127.0.0.1", broker.port) == 0
        assert broker.name.startswith(engine)
        assert broker.supports_v5 is (engine == "mosquitto")
    assert connack("127.0.0.1", broker.port) is None


@needs_amqtt
@pytest.mark.parametrize("flags", [0x02, 0xC6], ids=["plain", "with a will, a user and a password"])
async def test_amqtt_refuses_mqtt_5_at_once(flags: int) -> None:
    body = b"\x00\x04MQTT\x05" + bytes([flags]) + b"\x00\x0a\x05\x11\x00\x00\x00\x3c\x00\x02me"
    async with EmbeddedBroker(engine="amqtt") as broker, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.write(bytes([0x10, len(body)]) + body)
        assert await reader.read() == b"\x20\x02\x00\x01"  # unacceptable protocol version, and the end
        writer.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_it_starts_again_on_its_port(engine: Engine) -> None:
    broker = EmbeddedBroker(engine=engine)
    broker.start()
    port = broker.port
    broker.stop()
    broker.stop()
    broker.start()
    assert broker.port == port
    broker.stop()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_port_in_use_is_named(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"did not start on 127.0.0.1:{port}"):
            EmbeddedBroker(port=port, engine=engine).start()


@pytest.mark.parametrize("engine", ENGINES)
def test_another_broker_on_the_port_is_not_taken_for_its_own(engine: Engine) -> None:
    other = EmbeddedBroker()
    other.start()
    try:
        with pytest.raises(BrokerError, match=f"did not start on 127.0.0.1:{other.port}"):
            EmbeddedBroker(port=other.port, engine=engine).start()
    finally:
        other.stop()


@needs_amqtt
def test_amqtt_keeps_quiet_and_leaves_no_thread(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    broker = EmbeddedBroker(engine="amqtt")
    broker.start()
    with socket.create_connection(("127.0.0.1", broker.port)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    broker.stop()
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("amqtt").propagate
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("engine", ENGINES)
def test_it_stops_at_once_though_clients_keep_coming_back(engine: Engine) -> None:
    broker = EmbeddedBroker(engine=engine)
    over = threading.Event()

    def come_back(port: int) -> None:
        while not over.is_set():
            connack("127.0.0.1", port, 0.2)

    broker.start()
    clients = [threading.Thread(target=come_back, args=(broker.port,)) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(3):
            began = time.monotonic()
            broker.stop()
            assert time.monotonic() - began < 4.0
            broker.start()
    finally:
        over.set()
        for client in clients:
            client.join()
        broker.stop()


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("auto", "no broker to embed: pip install 'macnet-bridge[demo]', or install mosquitto"),
        ("mosquitto", "there is no mosquitto on the PATH; install it"),
        ("amqtt", "there is no amqtt; pip install 'macnet-bridge[demo]'"),
    ],
)
def test_without_any_broker_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, engine: Any, words: str
) -> None:
    def nothing(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(broker, "find_mosquitto", nothing)
    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with pytest.raises(BrokerError) as problem:
        EmbeddedBroker(engine=engine).start()
    assert str(problem.value) == words
