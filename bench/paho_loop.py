"""What paho's own loop thread costs beside an event loop that drives its socket.

    python -m bench.paho_loop
    python -m bench.paho_loop --seconds 10 --rounds 5

One topic, payloads of 400 bytes, Mosquitto as shipped. `thread` is paho with `loop_start`, as most programs
use it; `loop` is this project's driver; `plain loop` is paho with its socket watched by an event loop and
nothing else. Each keeps at most 100 QoS 1 messages, or 1000 QoS 0, under way. Processor time is that of
the publisher.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any, NamedTuple

import click
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from bench import machine, stack
from macnet_bridge.broker import Broker, Outgoing, Subscription
from macnet_bridge.broker.messages import BrokerSettings
from macnet_bridge.cli.loop import run_async

TOPIC = "bench/lab1/1/telemetry/reading"
PAYLOAD = b"x" * 400
WINDOW = {0: 1000, 1: 100}
QUEUE = 3000
"""As many the driver may queue; its own windows decide how many of them are under way."""


class Rate(NamedTuple):
    """Messages per second, and microseconds of processor time for each."""

    per_second: float
    cpu_us: float


@click.command()
@click.option("--seconds", type=click.FloatRange(0.5), default=3.0, show_default=True, help="Of each one.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
def main(seconds: float, rounds: int) -> None:
    """Publish in each way with QoS 0 and 1, in turn, and print medians."""
    found: dict[tuple[str, int], list[Rate]] = {}
    with stack.mosquitto() as (port, _):
        for _ in range(rounds):
            for qos in (0, 1):
                for name, publish in WAYS.items():
                    found.setdefault((name, qos), []).append(publish(port, qos, seconds))
    lines = [f"- {name}: {value}" for name, value in machine.facts().items()]
    lines += ["", "| way | QoS | messages/s | us of processor each |", "|---|---|---|---|"]
    for (name, qos), rates in found.items():
        rate, cpu_us = (median(values) for values in zip(*rates, strict=True))
        lines.append(f"| {name} | {qos} | {rate:,.0f} | {cpu_us:.1f} |")
    print("\n".join(lines))


def by_thread(port: int, qos: int, seconds: float) -> Rate:
    """paho's thread does the writing; this one publishes, and waits while too much is under way."""
    client, window = _client(), threading.Semaphore(WINDOW[qos])
    client.on_publish = lambda *_: window.release()
    client.connect("127.0.0.1", port)
    client.loop_start()

    def publish() -> None:
        window.acquire()
        client.publish(TOPIC, PAYLOAD, qos)

    rate = _measured(publish, seconds)
    client.disconnect()
    client.loop_stop()
    return rate


def _measured(publish: Callable[[], None], seconds: float) -> Rate:
    count, began, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began < seconds:
        for _ in range(100):
            publish()
        count += 100
    return _rate(count, began, cpu)


def by_plain_loop(port: int, qos: int, seconds: float) -> Rate:
    """paho on an event loop's reader and writer."""
    return run_async(_plain_loop(port, qos, seconds))


async def _plain_loop(port: int, qos: int, seconds: float) -> Rate:
    loop, client, under_way = asyncio.get_running_loop(), _client(), 0
    room = asyncio.Event()

    def published(*_: Any) -> None:
        nonlocal under_way
        under_way -= 1
        room.set()

    client.on_publish = published
    client.connect("127.0.0.1", port)
    sock: Any = client.socket()
    loop.add_reader(sock, client.loop_read)
    client.on_socket_register_write = lambda *_: loop.add_writer(sock, client.loop_write)
    client.on_socket_unregister_write = lambda *_: _void(loop.remove_writer(sock))

    async def publish() -> None:
        nonlocal under_way
        while under_way >= WINDOW[qos]:
            room.clear()
            await room.wait()
        under_way += 1
        client.publish(TOPIC, PAYLOAD, qos)

    rate = await _measured_on_loop(publish, seconds)
    loop.remove_reader(sock)
    loop.remove_writer(sock)
    sock.close()
    return rate


def by_driver(port: int, qos: int, seconds: float) -> Rate:
    """This project's driver, its queues and counters included."""
    return run_async(_driver(port, qos, seconds))


async def _driver(port: int, qos: int, seconds: float) -> Rate:
    ready = asyncio.Event()
    settings = BrokerSettings(f"mqtt://127.0.0.1:{port}", "bench-driver")
    filters = [Subscription("bench/cmd/#", "bench/cmd/canary")]
    broker = Broker(
        settings,
        filters,
        will=Outgoing("bench/status", b""),
        on_ready=lambda _: ready.set(),
        on_lost=lambda _: None,
    )
    running = asyncio.create_task(broker.run())
    await ready.wait()
    message = Outgoing(TOPIC, PAYLOAD, qos)

    async def publish() -> None:
        if broker.queued >= QUEUE:
            while broker.queued > WINDOW[qos]:  # noqa: ASYNC110 - the driver tells nobody of room
                await asyncio.sleep(0.001)
        broker.publish(message)

    rate = await _measured_on_loop(publish, seconds)
    await broker.close()
    await running
    return rate


async def _measured_on_loop(publish: Callable[[], Awaitable[None]], seconds: float) -> Rate:
    count, began, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began < seconds:
        for _ in range(100):
            await publish()
        count += 100
        await asyncio.sleep(0)
    return _rate(count, began, cpu)


def _void(_: object) -> None:
    """Callbacks return nothing."""


def _client() -> Client:
    return Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)


def _rate(count: int, began: float, cpu: float) -> Rate:
    return Rate(count / (time.monotonic() - began), 1e6 * (time.process_time() - cpu) / count)


WAYS = {"thread": by_thread, "plain loop": by_plain_loop, "loop": by_driver}


if __name__ == "__main__":
    main()
