"""`macnet-bridge export`"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.errors import ConfigError
from macnet_bridge.export.choice import Wanted, fits, table, unix_second
from macnet_bridge.export.columns import Labels
from macnet_bridge.export.one_test import ENDINGS, Chosen, Format, Target, choose_test, write_test
from macnet_bridge.store.recorded import Missing, Part, RecordedTest, RecordingReader

_GAPS_TOLD = 10
_BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""What SQLite and the recorder have beside a database."""
_SHUFFLED = (
    "numbers and times disagree, as after another bridge, a new data directory, or a clock that was set"
)


def _moment(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """A time, as Unix seconds."""
    try:
        return None if text is None else unix_second(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write 2026-11-22T07:00:00Z, or Unix seconds"
        ) from None


@click.command(
    short_help="Write one test of a recording as a BDF file.",
    epilog="Examples: macnet-bridge export lab.sqlite; "
    "macnet-bridge export lab.sqlite cell-17 --to cell-17.bdf.csv",
)
@click.argument("database", type=click.Path(path_type=Path))
@click.argument("test", required=False)
@click.option("--list", "lists", is_flag=True, help="List the tests of the recording, as without TEST.")
@click.option("--to", "path", type=click.Path(path_type=Path), help="NAME.bdf.csv or NAME.bdf.parquet.")
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), help="Whatever --to ends in.")
@click.option("--cycler", help="Only of this cycler.")
@click.option("--channel", type=click.IntRange(1), help="Only of this channel.")
@click.option("--run", type=click.IntRange(1), help="Only of this run of the bridge.")
@click.option(
    "--from", "since", metavar="TIME", callback=_moment, help="Only from then on; UTC unless it has a zone."
)
@click.option("--until", metavar="TIME", callback=_moment, help="Only before then.")
@click.option("--idle", "keeps_idle", is_flag=True, help="Keep what was read after the end of the test, too.")
@click.option(
    "--labels",
    type=click.Choice(["preferred", "machine"]),
    default="preferred",
    show_default=True,
    help="'Voltage / V' or 'voltage_volt' in the header.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@log_options
def export(
    database: Path,
    test: str | None,
    lists: bool,
    path: Path | None,
    form: Format | None,
    cycler: str | None,
    channel: int | None,
    run: int | None,
    since: float | None,
    until: float | None,
    keeps_idle: bool,
    labels: Labels,
    overwrite: bool,
    log_format: str,
    log_level: str,
) -> None:
    """Write one test of a recording as a file in the Battery Data Format: CSV or Parquet.

    DATABASE is what `macnet-bridge record` writes, a file or a folder; it may still be writing. Without
    TEST, the tests in it are listed. Readings stand in the order in which they were taken, each once, as
    they were published; what is missing is told.

    Exit code 0 when the file is there, 1 when it is not; 2 for wrong usage.
    """
    set_up_logging(log_format, log_level)
    with RecordingReader(database, _read_part) as recording:
        wanted = Wanted(test or "", cycler, channel, Part(run, since, until))
        if test is None or lists:
            _list([found for found in recording.tests() if fits(found, wanted)])
            return
        target = _target(path, form, labels, keeps_idle, overwrite)
        _spare(database, target.path)
        chosen = choose_test(recording, wanted, _progress)
        rows = write_test(recording, chosen, target, _progress)
    for line in _remarks(chosen, keeps_idle):
        click.echo(line, err=True)
    click.echo(
        f"{target.path}: {rows} readings of {chosen.test.cycler}/{chosen.test.channel} {test!r}", err=True
    )


def _list(tests: Sequence[RecordedTest]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where the output is no terminal, Windows has letters of one language alone.
        sys.stdout.reconfigure(errors="replace")
    click.echo("\n".join(table(tests)))


def _read_part(*where: Any) -> Iterable[tuple[Any, ...]]:
    from macnet_bridge.parquet_file import read_rows_of  # an extra: only where there are parts

    if sys.stderr.isatty():
        click.echo(f"reading {where[0]}", err=True)
    return read_rows_of(*where)


def _target(
    path: Path | None, form: Format | None, labels: Labels, keeps_idle: bool, overwrite: bool
) -> Target:
    if path is None:
        raise ConfigError("name the file: --to NAME.bdf.csv or --to NAME.bdf.parquet")
    ending = form or ENDINGS.get(path.suffix.lower())
    if ending is None:
        raise ConfigError(
            f"{path} ends neither in .csv nor in .parquet; say --format csv or --format parquet"
        )
    if path.exists() and not overwrite:
        raise ConfigError(f"{path} is there already; name another file, or say --overwrite")
    return Target(path, ending, labels, keeps_idle, overwrite)


def _spare(database: Path, target: Path) -> None:
    own, place = database.resolve(), target.resolve()
    is_within = place.is_relative_to(own) and (target.exists() or place.parent != own)
    if is_within or place in {own.with_name(own.name + ending) for ending in _BESIDE}:
        raise ConfigError(f"{target} is of the recording itself; name another file")


def _progress(rows: Iterable[Any], doing: str, count: int) -> Iterator[Any]:
    if not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(
        rows, length=count, label=f"{doing:15}", file=sys.stderr, update_min_steps=1000
    ) as bar:
        yield from bar


def _remarks(chosen: Chosen, keeps_idle: bool) -> Iterator[str]:
    """What whoever reads the file should know."""
    yield from map(_missing, chosen.missing[:_GAPS_TOLD])
    if len(chosen.missing) > _GAPS_TOLD:
        yield f"missing: and {len(chosen.missing) - _GAPS_TOLD} gaps more"
    if chosen.nameless == 1:
        yield "left out: 1 reading in between does not tell of which test it is"
    elif chosen.nameless:
        yield f"left out: {chosen.nameless} readings in between do not tell of which test they are"
    if chosen.course.idle and not keeps_idle:
        yield f"left out: {chosen.course.idle} readings after the end of the test; --idle keeps them"
    if chosen.course.is_shuffled:
        yield f"{_SHUFFLED}: the readings are in the order of their times"


def _missing(gap: Missing) -> str:
    fate = "lost" if gap.is_lost else "not there, and may still come"
    if gap.first_seq == gap.last_seq:
        return f"missing: reading {gap.first_seq} of run {gap.run} is {fate}"
    return f"missing: readings {gap.first_seq} to {gap.last_seq} of run {gap.run} are {fate}"
