"""`macnet-bridge check`"""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

import click
import msgspec

from macnet_bridge.app.inspection import inspect
from macnet_bridge.app.report import BrokerReport, CyclerReport, Note, Report, TransportReport
from macnet_bridge.cli.config_option import config_option
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import run_async

EXIT_FOUND_ERRORS = 1
_LABEL_COLUMNS = 12
_WIDEST = 100
_COLOURS = {"error": "red", "warning": "yellow"}

Line = tuple[str, str]
"""A label and what stands behind it."""


@click.command(
    short_help="Check the configuration, the broker and all cyclers.",
    epilog="Example: macnet-bridge check -c bridge.toml",
)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
@log_options
def check(path: str, as_json: bool, log_format: str, log_level: str) -> None:
    """Check the configuration, the broker and all cyclers, and say what is unsafe.

    Nothing is changed anywhere, and a bridge that runs is not disturbed. Exit code 0 when the
    bridge can run, warnings or not, and 1 when there are errors.
    """
    set_up_logging(log_format, log_level)
    report = run_async(inspect(path))
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
        click.echo("\n".join(render(report, width)))
    if not report.ok:
        sys.exit(EXIT_FOUND_ERRORS)


def render(report: Report, width: int) -> Iterator[str]:
    """The report as lines of text, at most `width` columns where words allow it."""
    yield from _section(report.config, _config_summary(report), [], report.notes, width)
    if report.broker is not None:
        yield ""
        yield from _section(
            "broker", report.broker.url, _of_broker(report.broker), report.broker.notes, width
        )
    for cycler in report.cyclers:
        yield ""
        yield from _section(cycler.name, cycler.host, _of_cycler(cycler), cycler.notes, width)
    yield ""
    yield _verdict(report)


def _section(
    title: str, subtitle: str, lines: Iterable[Line], notes: Sequence[Note], width: int
) -> Iterator[str]:
    yield _plain(f"{title:<{_LABEL_COLUMNS}}  {subtitle}".rstrip())
    for label, text in lines:
        yield from _wrapped(label, text, width)
    for note in sorted(notes, key=lambda note: note.level):
        first, *rest = _wrapped(note.level, note.text, width)
        yield first.replace(note.level, click.style(note.level, fg=_COLOURS[note.level]), 1)
        yield from rest


def _wrapped(label: str, text: str, width: int) -> list[str]:
    indent = " " * (_LABEL_COLUMNS + 2)
    return textwrap.wrap(
        _plain(text),
        max(width, 2 * len(indent)),
        initial_indent=f"  {label:<{_LABEL_COLUMNS}}",
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(text: str) -> str:
    """Without what a terminal would obey: some of it comes from testers and brokers."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _config_summary(report: Report) -> str:
    if report.bridge is None:
        return ""
    return f"bridge {report.bridge}, {_count(len(report.cyclers), 'cycler')}"


def _verdict(report: Report) -> str:
    levels = [note.level for note in report.all_notes()]
    counts = [_count(levels.count(level), level) for level in _COLOURS if level in levels]
    found = " and ".join(counts) or "nothing to complain about"
    return f"ready to run: {found}" if report.ok else f"not ready: {found}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _of_broker(broker: BrokerReport) -> Iterator[Line]:
    if broker.protocol is None:
        return
    name = f"as user {broker.username}" if broker.username else "without a user"
    tls = ", TLS" if urlsplit(broker.url).scheme == "mqtts" else ""
    yield "answers", f"MQTT {broker.protocol}, {name}{tls}"
    if broker.running_since is not None:
        since = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(broker.running_since))
        yield "bridge", f"this one is running, since {since}"


def _of_cycler(cycler: CyclerReport) -> Iterator[Line]:
    if cycler.channel_count is None:
        return
    yield "system", f"{cycler.system or 'without a name'}, type {cycler.system_type}"
    if cycler.exe_version is not None:
        yield "MacTest32", f"EXE {cycler.exe_version}, DLL {cycler.dll_version}"
    yield "channels", _channels(cycler)
    if cycler.clock_second is not None:
        yield "clock", _clock(cycler.clock_second, cycler.time_zone_second or 0)
    yield "round trip", f"{cycler.round_trip_ms} ms"
    for transport in cycler.transports:
        yield f"{transport.transport:<5}{transport.port}", _transport(transport)
    chosen = 'chosen by "auto"' if cycler.transport == "auto" else "as configured"
    yield "reads by", f"{cycler.reads_by}, {chosen}"


def _channels(cycler: CyclerReport) -> str:
    count = cycler.channel_count
    served = "all served" if cycler.served_count == count else f"{cycler.served_count} served"
    if cycler.display_channels is None:
        return f"{count}, {served}"
    first, last = cycler.display_channels
    return f"{count}, {served}; the tester's screen shows them as {first} to {last}"


def _clock(clock_second: float, zone_second: int) -> str:
    side = "ahead" if clock_second > 0 else "behind"
    hours, minutes = divmod(abs(zone_second) // 60, 60)
    zone = f"UTC{'-' if zone_second < 0 else '+'}{hours:02}:{minutes:02}"
    return f"{abs(clock_second):.1f} s {side}, time zone {zone}"


def _transport(transport: TransportReport) -> str:
    if transport.bulk_read_ms is None:
        return f"out: {transport.reason}"
    return f"{transport.bulk_read_ms} ms a bulk read"
