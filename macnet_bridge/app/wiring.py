"""From configuration to parts: which values of the file go where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from macnet_bridge.app.broker_access import access
from macnet_bridge.app.config import Config, CyclerSection
from macnet_bridge.audit_file import AuditFile
from macnet_bridge.broker import BrokerSettings
from macnet_bridge.commands.permission import AllowRule, Permission, parse_channels
from macnet_bridge.commands.rules import CommandRules, CyclerRules
from macnet_bridge.macnet.cycler import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.messages import Login
from macnet_bridge.payloads.envelope import MAX_FILE_PAYLOAD_BYTES
from macnet_bridge.readings import CurrentSign
from macnet_bridge.store import Spool
from macnet_bridge.telemetry.alarms import AlarmLimits
from macnet_bridge.telemetry.deadband import Deadband
from macnet_bridge.telemetry.dues import Intervals
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester

_TOPIC_AND_PROPERTIES_BYTES = 4096
"""Room that a packet needs beside its payload."""

_AUDIT_GATHER_S = 0.02

_MISSED_READINGS = 3
_LATE_S = 10.0
"""A channel is stale so many intervals and seconds after its last reading: stops of many channels
hold up readings for ten seconds at most."""


def broker_settings(config: Config, password: str) -> BrokerSettings:
    return replace(
        access(config.mqtt, f"macnet-bridge-{config.bridge.name}", password),
        session_expiry_s=config.commands.max_ttl_s,
        max_incoming_bytes=MAX_FILE_PAYLOAD_BYTES + _TOPIC_AND_PROPERTIES_BYTES,
    )


def tester(cycler: CyclerSection, config: Config, login: Login | None) -> Tester:
    address = TesterAddress(cycler.host, cycler.json_port, cycler.tcp_port, cycler.udp_port)
    client = AsyncCycler(
        address,
        timeout_s=config.commands.timeout_s,
        transport=cycler.transport,
        constant_id=has_constant_id(cycler),
        login=login,
    )
    made = Tester(cycler.name, client, parse_channels(cycler.channels), CurrentSign(cycler.current_sign))
    made.aux_names = aux_names(cycler)
    return made


def aux_names(cycler: CyclerSection) -> dict[int, dict[int, str]]:
    """Names of auxiliary inputs, by channel and input."""
    return {
        int(number): {int(place): name for place, name in channel.aux.items()}
        for number, channel in cycler.channel.items()
    }


def has_constant_id(cycler: CyclerSection) -> bool:
    return "constant_id" in cycler.quirks


def intervals(cycler: CyclerSection, config: Config) -> Intervals:
    """A cycler's own intervals, and the common ones where it has none."""
    own, common = cycler.telemetry, config.telemetry
    return Intervals(
        _either(own.sweep_interval_s, common.sweep_interval_s),
        _either(own.active_interval_s, common.active_interval_s),
        _either(own.idle_interval_s, common.idle_interval_s),
        _either(own.aux_interval_s, common.aux_interval_s),
        _either(own.variables_interval_s, common.variables_interval_s),
    )


def qos(cycler: CyclerSection, config: Config) -> int:
    return config.telemetry.qos if cycler.telemetry.qos is None else cycler.telemetry.qos


def deadband(cycler: CyclerSection, config: Config) -> Deadband:
    """A cycler's own deadband, whole, or the common one."""
    chosen = cycler.telemetry.deadband or config.telemetry.deadband
    return Deadband(
        voltage_volt=chosen.voltage_volt,
        current_ampere=chosen.current_ampere,
        max_interval_s=chosen.max_interval_s,
    )


def spool(config: Config, folder: Path) -> Spool | None:
    """None when it is turned off."""
    section = config.telemetry.spool
    if not section.max_mb:
        return None
    return Spool(folder, max_bytes=section.max_mb << 20, max_age_s=section.max_age_h * 3600)


def audit_file(config: Config, folder: Path) -> AuditFile:
    audit = config.audit
    return AuditFile(folder / "audit.jsonl", max_bytes=audit.max_mb << 20, keep=audit.keep_files)


def after_the_command(call: Callable[[], None]) -> None:
    """For lines of the audit: most commands have been answered by then."""
    asyncio.get_running_loop().call_later(_AUDIT_GATHER_S, call)


def command_rules(config: Config) -> CommandRules:
    commands = config.commands
    rules = [
        AllowRule(
            rule.principal,
            tuple(rule.commands),
            None if rule.cyclers is None else tuple(rule.cyclers),
            parse_channels(rule.channels),
        )
        for rule in commands.allow
    ]
    return CommandRules(
        Permission(rules, commands.stop_needs_rule),
        commands.max_ttl_s,
        commands.require_expiry,
        config.mqtt.reply_prefixes,
        {cycler.name: _cycler_rules(cycler, config) for cycler in config.cycler},
    )


def watch(tester: Tester, publisher: Publisher, cycler: CyclerSection, config: Config) -> Watch:
    """What looks out for events and alarms of a cycler."""
    every = intervals(cycler, config)

    def limits(number: int) -> AlarmLimits:
        own = cycler.channel.get(str(number))
        both = cycler.limits.tightened(own.limits) if own else cycler.limits
        return AlarmLimits(**structs.asdict(both))

    def oldest_s(running: bool) -> float | None:
        interval = every.active_s if running or every.sweep_s <= 0 else every.idle_s
        return _MISSED_READINGS * interval + _LATE_S if interval > 0 else None

    return Watch(tester, publisher, limits=limits, oldest_s=oldest_s)


def _cycler_rules(cycler: CyclerSection, config: Config) -> CyclerRules:
    channel_limits = {int(number): channel.limits for number, channel in cycler.channel.items()}
    return CyclerRules(
        config.commands.timeout_s,
        cycler.c_rate_ah,
        cycler.limits,
        channel_limits,
        cycler.direct_watchdog_s,
        cycler.output_interval_ms / 1000,
    )


def _either(own: float | None, common: float) -> float:
    return common if own is None else own
