"""Which test of a recording is meant, and what its tests are, in words. No I/O, no clock."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from macnet_bridge.errors import ConfigError
from macnet_bridge.export.course import Course
from macnet_bridge.store.recorded import Part, RecordedTest

_LISTED_MAX = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADINGS = ("CYCLER", "CHANNEL", "TEST", "FROM", "TO", "READINGS", "CYCLES")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; None leaves it open."""

    test_name: str
    cycler: str | None = None
    channel: int | None = None
    part: Part = field(default_factory=Part)


def choose(tests: Sequence[RecordedTest], wanted: Wanted) -> RecordedTest:
    """The one test that fits.

    Raises:
        ConfigError: none does, or several do; with what there is.
    """
    named = [test for test in tests if test.test_name == wanted.test_name]
    if not named:
        raise ConfigError(f"the recording has no test {wanted.test_name!r}; {_instead(tests, wanted)}")
    fitting = [test for test in named if fits(test, wanted)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise ConfigError(f"no test {wanted.test_name!r} is there; what the recording has is {_these(named)}")
    raise ConfigError(
        f"{len(fitting)} tests are called {wanted.test_name!r}: {_these(fitting)}; "
        "choose with --cycler, --channel, --run, --from or --until"
    )


def fits(test: RecordedTest, wanted: Wanted) -> bool:
    """Whether it may be the one, whatever its name."""
    part = wanted.part
    since, until = part.since_unix_second, part.until_unix_second
    first, last = sorted((test.first_unix_time_second, test.last_unix_time_second))
    return (
        wanted.cycler in (None, test.cycler)
        and wanted.channel in (None, test.channel)
        and (part.run is None or test.first[0] <= part.run <= test.last[0])
        and (since is None or last >= since)
        and (until is None or first < until)
    )


def judge(test: RecordedTest, course: Course) -> None:
    """Refuse tests that share cycler, channel and name, and what is empty.

    Raises:
        ConfigError: it is more than one, or nothing.
    """
    if len(course.begun) > 1:
        begun = ", ".join(instant(moment) for moment in course.begun[:_LISTED_MAX])
        more = ", ..." if len(course.begun) > _LISTED_MAX else ""
        raise ConfigError(
            f"{len(course.begun)} tests on {test.cycler}/{test.channel} are called {test.test_name!r}, "
            f"begun at {begun}{more}; choose with --from, --until or --run"
        )
    if not course.readings:
        raise ConfigError(
            f"{test.test_name!r} has no readings there; the recording has it {_span(test)}, UTC"
        )


def table(tests: Sequence[RecordedTest]) -> list[str]:
    """The tests as lines in columns, a heading first."""
    rows = [HEADINGS, *(_row(test) for test in tests)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def instant(unix_time_second: float) -> str:
    """A moment in UTC, cut to milliseconds, so that the reading of that moment is not before it."""
    if _moment(unix_time_second) is None:
        return f"{unix_time_second!r}"
    moment = _EPOCH + timedelta(milliseconds=int(unix_time_second * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_second(text: str) -> float:
    """Seconds since 1970 of `2026-11-22`, `2026-11-22T07:00:00Z`, `...+01:00` or a number; else UTC.

    Raises:
        ValueError: it is none of these.
    """
    try:
        if math.isfinite(second := float(text)):
            return second
    except ValueError:
        pass
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _instead(tests: Sequence[RecordedTest], wanted: Wanted) -> str:
    if not tests:
        return "it has none at all"
    near = difflib.get_close_matches(wanted.test_name, {test.test_name for test in tests}, 1)
    return f"did you mean {near[0]!r}?" if near else "without TEST, all of them are listed"


def _these(tests: Sequence[RecordedTest]) -> str:
    listed = [f"{test.cycler}/{test.channel} {_span(test)}" for test in tests[:_LISTED_MAX]]
    return ", ".join([*listed, *(["..."] if len(tests) > _LISTED_MAX else [])])


def _span(test: RecordedTest) -> str:
    first, last = sorted((test.first_unix_time_second, test.last_unix_time_second))
    return f"from {_minute(first)} to {_minute(last)}"


def _row(test: RecordedTest) -> tuple[str, ...]:
    first, last = sorted((test.first_unix_time_second, test.last_unix_time_second))
    who = (test.cycler, str(test.channel), test.test_name)
    cells = (*who, _minute(first), _minute(last), str(test.readings), _cycles(test))
    return tuple(map(_plain, cells))


def _plain(text: str) -> str:
    """Without what a terminal would obey: test names come from whoever publishes."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _cycles(test: RecordedTest) -> str:
    """How many cycles its readings touch."""
    if test.first_cycle is None or test.last_cycle is None:
        return ""
    return str(abs(test.last_cycle - test.first_cycle) + 1)


def _minute(unix_time_second: float) -> str:
    moment = _moment(unix_time_second)
    return f"{unix_time_second:g}" if moment is None else moment.strftime("%Y-%m-%dT%H:%MZ")


def _moment(unix_time_second: float) -> datetime | None:
    """None for what no calendar has: a recording holds what was published, whoever did. Windows has no
    `fromtimestamp` before 1970."""
    try:
        return _EPOCH + timedelta(seconds=unix_time_second)
    except OverflowError:
        return None
