"""Looks at one tester: what it is, how it answers, and what keeps the bridge from it.

Only functions that change nothing are sent.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Mapping

from msgspec import structs

from macnet_bridge.app import unsafe, wiring
from macnet_bridge.app.config import Config, CyclerSection
from macnet_bridge.app.load import login_of
from macnet_bridge.app.report import CyclerReport, Note, TransportReport, error, warning
from macnet_bridge.errors import (
    BadReply,
    ConfigError,
    InvalidRequest,
    MacNetBridgeError,
    NoReply,
    TesterOffline,
    TesterRefused,
    UnknownHost,
)
from macnet_bridge.macnet.cycler import AsyncCycler
from macnet_bridge.macnet.probe import Finding, Probe, probe
from macnet_bridge.macnet.protocol.codes import SystemType
from macnet_bridge.macnet.protocol.functions import ECHO, FUNCTIONS
from macnet_bridge.macnet.protocol.jsonrpc import CONSTANT_ID_ADVICE
from macnet_bridge.macnet.survey import Survey, survey
from macnet_bridge.tester import Tester

TESTER_LIMIT_S = 30.0
"""How long the inspection of one tester may take; all are inspected at the same time."""

CLOCK_TOLERANCE_S = 5.0
"""How far off a tester's clock may be before it is worth a word; it shows whole seconds."""

_PINGS = 3
_QUARTER_S = 900
_FARTHEST_ZONE_S = 14 * 3600

_WHAT_TO_DO: tuple[tuple[type[MacNetBridgeError], str], ...] = (
    (UnknownHost, "correct host"),
    (TesterOffline, "start MacTest32 there, or correct host and json_port"),
    (NoReply, "see whether json_port is MacNet's JSON port, and whether MacTest32 hangs"),
    (BadReply, "see whether json_port is MacNet's JSON port"),
    (TesterRefused, "it may want a log-in: see user and password_env"),
)


async def inspect_cycler(
    section: CyclerSection, config: Config, environment: Mapping[str, str]
) -> CyclerReport:
    """Ask a tester everything that is worth knowing before it is used."""
    report = CyclerReport(name=section.name, host=section.host, transport=section.transport)
    unsafe_notes = [warning(line) for line in unsafe.of_cycler(section)]
    try:
        tester = wiring.tester(section, config, login_of(section, environment))
        async with asyncio.timeout(TESTER_LIMIT_S):
            # Commands go by JSON in any case, so that is what everything but the probe asks by.
            client = tester.cycler.sibling("json", config.commands.timeout_s)
            try:
                report = await _ask(report, tester, client, section)
            finally:
                client.close()
    except TimeoutError:
        problem = error(f"not all was answered within {TESTER_LIMIT_S:g} s; see what keeps it busy")
        return structs.replace(report, notes=[problem, *unsafe_notes])
    except MacNetBridgeError as failure:
        return structs.replace(report, notes=[error(_with_advice(failure)), *unsafe_notes])
    return structs.replace(report, notes=[*report.notes, *unsafe_notes])


def _with_advice(failure: MacNetBridgeError) -> str:
    if isinstance(failure, ConfigError | InvalidRequest) or CONSTANT_ID_ADVICE in str(failure):
        return str(failure)
    advice = next((what for kind, what in _WHAT_TO_DO if isinstance(failure, kind)), "")
    return f"{failure}; {advice}" if advice else str(failure)


async def _ask(
    report: CyclerReport, tester: Tester, client: AsyncCycler, section: CyclerSection
) -> CyclerReport:
    found = await survey(client, constant_id=wiring.has_constant_id(section))
    round_trips = [await _round_trip(client, found) for _ in range(_PINGS)]
    probed = await probe(client, found)
    tester.survey, tester.probe = found, probed
    tester.cycler.channels = client.channels
    report = _with_identity(report, tester, found)
    zone, clock = _split_clock(found.clock_offset_second)
    report = structs.replace(
        report,
        clock_second=clock,
        time_zone_second=zone,
        round_trip_ms=round(1000 * statistics.median(round_trips), 1),
        transports=[_of_transport(finding, section) for finding in probed.findings],
        reads_by=probed.chosen if section.transport == "auto" else section.transport,
        missing_functions={f"{c},{n}": why for (c, n), why in found.missing.items()},
    )
    notes = [
        *_of_survey(found),
        *_of_channels(tester),
        *_of_channel_tables(tester, section),
        *_of_transports(probed, section),
        *_of_clock(clock),
    ]
    return structs.replace(report, notes=notes)


async def _round_trip(client: AsyncCycler, found: Survey) -> float:
    """Seconds, by echo, or by (1, 2), which every tester has, where there is none."""
    if found.has(ECHO):
        return await client.ping()
    began = time.perf_counter()
    await client.read_system_info()
    return time.perf_counter() - began


def _with_identity(report: CyclerReport, tester: Tester, found: Survey) -> CyclerReport:
    version, offset, served = found.version, tester.channel_number_offset, tester.channels
    return structs.replace(
        report,
        system=found.system.system_id,
        system_type=SystemType.word(found.system.system_type),
        exe_version=version and _dotted(version.exe_major, version.exe_minor, version.exe_build),
        dll_version=version and _dotted(version.dll_major, version.dll_minor, version.dll_build),
        channel_count=found.system.test_channels,
        served_count=len(served),
        channel_number_offset=offset,
        display_channels=(served[0] + offset, served[-1] + offset) if served and offset else None,
    )


def _dotted(*parts: int | None) -> str:
    return ".".join("?" if part is None else str(part) for part in parts)


def _split_clock(offset_second: float | None) -> tuple[int | None, float | None]:
    """A tester tells its local time and not its zone: whole quarters of an hour are taken for that."""
    if offset_second is None:
        return None, None
    zone = round(offset_second / _QUARTER_S) * _QUARTER_S
    if abs(zone) > _FARTHEST_ZONE_S:
        zone = 0
    return zone, round(offset_second - zone, 1)


def _of_transport(finding: Finding, section: CyclerSection) -> TransportReport:
    read_ms = None if finding.bulk_read_second is None else round(1000 * finding.bulk_read_second, 1)
    port: int = getattr(section, f"{finding.transport}_port")
    return TransportReport(
        transport=finding.transport, port=port, bulk_read_ms=read_ms, reason=finding.reason
    )


def _of_survey(found: Survey) -> Iterator[Note]:
    yield from (warning(oddity) for oddity in found.oddities)
    for number, why in found.missing.items():
        yield warning(f"it lacks {FUNCTIONS[number]}: {why.removeprefix(f'{FUNCTIONS[number]}: ')}")


def _of_channels(tester: Tester) -> Iterator[Note]:
    count = tester.cycler.channels or 0
    if not tester.channels:
        yield error(f"it has {count} channels, none of those configured; correct channels")
    elif tester.served and (lacking := sorted(n for n in tester.served if n > count)):
        yield warning(f"channels {lacking[0]} to {lacking[-1]} are configured, and it has {count}")


def _of_channel_tables(tester: Tester, section: CyclerSection) -> Iterator[Note]:
    for number in sorted(map(int, section.channel)):
        if not tester.serves(number):
            yield warning(f"[cycler.channel.{number}] has no effect: that channel is not served")


def _of_transports(probed: Probe, section: CyclerSection) -> Iterator[Note]:
    for finding in probed.findings:
        if finding.transport == section.transport and finding.reason is not None:
            yield error(f'transport = "{finding.transport}" does not serve: {finding.reason}; use "auto"')
        elif finding.is_another:
            yield error(f"{finding.transport}_port: {finding.reason}; correct it")
        elif finding.transport == "tcp" and finding.reason is not None:
            yield warning(f"no rest, and no files, which go by tcp_port: {finding.reason}")


def _of_clock(clock_second: float | None) -> Iterator[Note]:
    if clock_second is not None and abs(clock_second) > CLOCK_TOLERANCE_S:
        side = "ahead" if clock_second > 0 else "behind"
        yield warning(f"its clock is {abs(clock_second):.0f} s {side}; set it, or ours")
