"""The configuration file as values. Every key of the contract has its place and default here."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from macnet_bridge.commands.limits import Limits
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.readings import SignRule
from macnet_bridge.topics import ROOT_IN_WORDS, ROOT_PATTERN

_NAME = r"\A[a-z0-9][a-z0-9_-]{0,62}\Z"
_USER = r"\A[\x20-\x7e]{0,255}\Z"
PATTERNS_IN_WORDS = {
    _NAME: "a name of a-z, 0-9, _ and -, at most 63 of them, beginning with a letter or digit",
    _USER: "a name that MacNet can carry: ASCII, at most 255 characters",
    ROOT_PATTERN: ROOT_IN_WORDS,
}

Name = Annotated[str, Meta(pattern=_NAME)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(ge=0)]
Interval = Annotated[float, Meta(ge=0, le=365 * 86_400)]
Channels = str | list[Annotated[int, Meta(ge=1)]]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables: an unknown key is an error."""


def default_data_dir() -> str:
    """Where a service keeps its data on this system."""
    if sys.platform == "win32":
        return os.path.join(os.environ.get("PROGRAMDATA", "C:\\ProgramData"), "macnet-bridge")
    return "/var/lib/macnet-bridge"


class BridgeSection(_Section, frozen=True, kw_only=True):
    """`[bridge]`"""

    name: Name = "lab"
    data_dir: str = field(default_factory=default_data_dir)
    http: str = "127.0.0.1:9580"


class MqttSection(_Section, frozen=True, kw_only=True):
    """`[mqtt]`"""

    url: str = "mqtt://127.0.0.1:1883"
    protocol: Literal["auto", "5", "4"] = "auto"
    root: Annotated[str, Meta(pattern=ROOT_PATTERN)] = "macnet"
    username: str = ""
    password_file: str = ""
    password_env: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    keepalive_s: Annotated[int, Meta(ge=2, le=3600)] = 10
    reply_prefixes: list[str] = []


class DeadbandSection(_Section, frozen=True, kw_only=True):
    """`telemetry.deadband`"""

    voltage_volt: Annotated[float, Meta(ge=0)] = 0.0
    current_ampere: Annotated[float, Meta(ge=0)] = 0.0
    max_interval_s: Interval = 60.0


class SpoolSection(_Section, frozen=True, kw_only=True):
    """`[telemetry.spool]`"""

    max_mb: Annotated[int, Meta(ge=0, le=1 << 20)] = 512
    max_age_h: Annotated[float, Meta(gt=0, le=10 * 365 * 24)] = 168


class TelemetryOverride(_Section, frozen=True, kw_only=True):
    """`[cycler.telemetry]`: what is None comes from `[telemetry]`."""

    sweep_interval_s: Interval | None = None
    active_interval_s: Interval | None = None
    idle_interval_s: Interval | None = None
    aux_interval_s: Interval | None = None
    variables_interval_s: Interval | None = None
    deadband: DeadbandSection | None = None
    qos: Literal[0, 1] | None = None


class TelemetrySection(_Section, frozen=True, kw_only=True):
    """`[telemetry]`"""

    sweep_interval_s: Interval = 1.0
    active_interval_s: Interval = 1.0
    idle_interval_s: Interval = 60.0
    aux_interval_s: Interval = 60.0
    variables_interval_s: Interval = 0.0
    deadband: DeadbandSection = DeadbandSection()
    qos: Literal[0, 1] = 1
    spool: SpoolSection = SpoolSection()


class AllowSection(_Section, frozen=True, kw_only=True):
    """`[[commands.allow]]`"""

    principal: str
    commands: list[str]
    cyclers: list[str] | None = None
    channels: Channels = "all"


class CommandsSection(_Section, frozen=True, kw_only=True):
    """`[commands]`"""

    timeout_s: Annotated[float, Meta(gt=0)] = 5.0
    max_ttl_s: Annotated[int, Meta(gt=0)] = 60
    journal_days: Annotated[float, Meta(ge=1)] = 30
    require_expiry: bool = False
    stop_needs_rule: bool = False
    allow: list[AllowSection] = []


class AuditSection(_Section, frozen=True, kw_only=True):
    """`[audit]`"""

    max_mb: Annotated[int, Meta(ge=1)] = 64
    keep_files: Annotated[int, Meta(ge=1, le=1000)] = 15


class ChannelSection(_Section, frozen=True, kw_only=True):
    """`[cycler.channel.N]`"""

    limits: Limits = Limits()
    aux: dict[str, str] = {}


class CyclerSection(_Section, frozen=True, kw_only=True):
    """`[[cycler]]`"""

    name: Name
    host: str
    json_port: Port = 57570
    tcp_port: Port = 57560
    udp_port: Port = 57550
    transport: BulkTransport = "auto"
    channels: Channels = "all"
    user: Annotated[str, Meta(pattern=_USER)] = ""
    password_env: str = ""
    current_sign: SignRule = "auto"
    direct_watchdog_s: Seconds = 0.0
    output_interval_ms: Annotated[int, Meta(ge=100)] = 150
    c_rate_ah: Annotated[float, Meta(ge=0)] = 0.0
    quirks: list[Literal["constant_id"]] = []
    limits: Limits = Limits()
    telemetry: TelemetryOverride = TelemetryOverride()
    channel: dict[str, ChannelSection] = {}


class Config(_Section, frozen=True, kw_only=True):
    """The whole file."""

    bridge: BridgeSection = field(default_factory=BridgeSection)
    mqtt: MqttSection = MqttSection()
    telemetry: TelemetrySection = TelemetrySection()
    commands: CommandsSection = CommandsSection()
    audit: AuditSection = AuditSection()
    cycler: list[CyclerSection] = []
