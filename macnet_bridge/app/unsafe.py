"""What a configuration allows and a careful person would not. Pure: nothing is connected to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from msgspec import structs

from macnet_bridge.app.config import CommandsSection, CyclerSection, MqttSection
from macnet_bridge.broker import BrokerSettings


def of_commands(commands: CommandsSection) -> Iterator[str]:
    """What the rules leave open, or close too tightly."""
    if any(rule.principal == "*" and "*" in rule.commands for rule in commands.allow):
        yield 'a rule lets everybody send every command (principal "*", commands ["*"])'
    if commands.stop_needs_rule:
        yield "stop_needs_rule is on: whom no rule allows to stop a channel cannot suspend it"


def of_broker(mqtt: MqttSection) -> Iterator[str]:
    """Who may come in, and who may listen."""
    if not mqtt.username:
        yield "no username: a broker without users lets everybody command"
    endpoint = BrokerSettings(mqtt.url, client_id="").endpoint
    if not endpoint.tls and not is_loopback(endpoint.host):
        yield "no TLS: passwords and commands travel in clear; use mqtts://"


def of_cycler(cycler: CyclerSection) -> Iterator[str]:
    """What stands between a command and a tester."""
    if not any(value is not None for value in structs.asdict(cycler.limits).values()):
        yield "no [cycler.limits]: a test may do whatever the hardware can"
    if not cycler.direct_watchdog_s:
        yield "direct_watchdog_s is 0: direct mode runs on if the bridge dies (MacNetDirectModeWD)"
    if not cycler.user:
        yield "no log-in (user): whoever reaches its ports may command it"


def is_loopback(host: str) -> bool:
    """Whether what is sent there does not leave this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
