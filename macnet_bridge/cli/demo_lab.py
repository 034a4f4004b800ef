"""The parts of the demo: a broker, simulated cyclers, and a bridge that serves them to everybody."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import msgspec

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.app.config import (
    AllowSection,
    BridgeSection,
    CommandsSection,
    Config,
    CyclerSection,
    MqttSection,
    TelemetrySection,
)
from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.broker import BrokerSettings, Outgoing
from macnet_bridge.embedded_broker import EmbeddedBroker
from macnet_bridge.errors import BrokerError, ConfigError
from macnet_bridge.simulator import SimulatedCycler

ROOT = "macnet"
USUAL_PORT = 1883
C_RATE_AH = 2.5
"""Capacity of the simulated cells, so that a start need not name it."""

_AUX_INTERVAL_S = 5.0
"""A visitor does not wait the usual minute, which at the demo's speed would be an hour of the test."""

_PORTS_TRIED = 20
_TESTS_MAX = 12
_PROCEDURES = ("Cycle_1C", "CCCV_1C", "Discharge_1C")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo consists of.

    Attributes:
        port: of the broker; None takes 1883 or the next free one, 0 any free one.
        speed: seconds that pass at the testers in one of ours.
    """

    cyclers: int = 1
    channels: int = 8
    speed: float = 60.0
    port: int | None = None
    engine: Literal["auto", "mosquitto", "amqtt"] = "auto"


@dataclass(frozen=True, slots=True)
class DemoLab:
    """The parts while they run; the bridge is for the caller to run. Cyclers by name."""

    plan: Plan
    broker: EmbeddedBroker
    cyclers: dict[str, SimulatedCycler]
    bridge: Bridge

    @property
    def subscriber_settings(self) -> BrokerSettings:
        """How another client reaches the broker."""
        return BrokerSettings(
            _url(self.broker),
            f"macnet-demo-{os.getpid()}",
            protocol=_protocol(self.broker),
            session_expiry_s=0,
        )

    def opening_commands(self) -> list[Outgoing]:
        """Commands that start tests on the first channels; the last one is left to the visitor."""
        count = min(_TESTS_MAX, self.plan.channels * 5 // 8)
        return [_start(name, channel) for name in self.cyclers for channel in range(1, count + 1)]


@asynccontextmanager
async def demo_lab(plan: Plan) -> AsyncIterator[DemoLab]:
    """Start broker and cyclers, and make a bridge.

    Raises:
        ConfigError: the port that was asked for is in use.
        BrokerError: there is no broker to embed, or it did not start.
    """
    async with AsyncExitStack() as stack:
        broker = await _start_broker(plan, stack)
        cyclers = {
            f"lab{number}": await stack.enter_async_context(
                SimulatedCycler(plan.channels, speed=plan.speed, seed=number)
            )
            for number in range(1, plan.cyclers + 1)
        }
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="macnet-demo-"))
        data_dir = stack.enter_context(DataDir(folder))
        bridge = Bridge(_config(broker, cyclers, folder), password="", logins={}, data_dir=data_dir)
        yield DemoLab(plan, broker, cyclers, bridge)


async def _start_broker(plan: Plan, stack: AsyncExitStack) -> EmbeddedBroker:
    while True:
        port = pick_port(plan.port)
        try:
            return await stack.enter_async_context(EmbeddedBroker(port=port, engine=plan.engine))
        except BrokerError:
            # Another demo may have taken the port since it was picked; then the next one will do.
            if plan.port is not None or pick_port(None) == port:
                raise


def pick_port(wanted: int | None) -> int:
    """The broker's port; 0 leaves the choice to the system.

    Raises:
        ConfigError: a port that was asked for is in use.
    """
    if wanted is None:
        return next((port for port in range(USUAL_PORT, USUAL_PORT + _PORTS_TRIED) if _is_free(port)), 0)
    if wanted and not _is_free(wanted):
        raise ConfigError(
            f"port {wanted} is in use; give --broker-port another, or leave it out to get a free one"
        )
    return wanted


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        if os.name == "posix":
            # Else connections of a demo that ended a moment ago would count. On Windows the same
            # option would let us take a port from a program that listens there.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _config(broker: EmbeddedBroker, cyclers: dict[str, SimulatedCycler], folder: str) -> Config:
    return Config(
        bridge=BridgeSection(name="demo", data_dir=folder, http=""),
        mqtt=MqttSection(url=_url(broker), protocol=_protocol(broker), root=ROOT),
        telemetry=TelemetrySection(aux_interval_s=_AUX_INTERVAL_S),
        commands=CommandsSection(allow=[AllowSection(principal="*", commands=["*"])]),
        cycler=[_cycler_section(name, cycler) for name, cycler in cyclers.items()],
    )


def _cycler_section(name: str, cycler: SimulatedCycler) -> CyclerSection:
    return CyclerSection(
        name=name,
        host=cycler.host,
        json_port=cycler.json_port,
        tcp_port=cycler.tcp_port,
        udp_port=cycler.udp_port,
        c_rate_ah=C_RATE_AH,
    )


def _url(broker: EmbeddedBroker) -> str:
    return f"mqtt://{broker.host}:{broker.port}"


def _protocol(broker: EmbeddedBroker) -> Literal["auto", "4"]:
    # Finding out that a broker knows no MQTT 5 takes seconds; here we know.
    return "auto" if broker.supports_v5 else "4"


def _start(cycler: str, channel: int) -> Outgoing:
    command = {
        "id": f"demo-{cycler}-{channel}",
        "args": {
            "procedure": _PROCEDURES[(channel - 1) % len(_PROCEDURES)],
            "test_name": f"cell-{channel:02}",
        },
    }
    return Outgoing(f"{ROOT}/{cycler}/{channel}/cmd/start_test", msgspec.json.encode(command), qos=1)
