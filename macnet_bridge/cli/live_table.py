"""The view of a lab as a table for the terminal. Pure: a size and a view give something to print."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from msgspec import UNSET
from rich.console import Group
from rich.table import Table
from rich.text import Text

from macnet_bridge.cli.lab_view import STALE_AFTER_S, LabView, Row
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.alarms import Alarm

WIDE = 108
"""Terminal columns from which on there is room for more than the essential."""

_ACKNOWLEDGEMENTS_SHOWN = 3
_CYCLERS_SHOWN = 4
_ALARMS_SHOWN = 3
_LEAST_ROWS = 3
_STATE_WIDTH = 10
_PLACE_WIDTH = 10
_PLACE_MAX = 30
_NARROW_PLACE = 13
_WIDE_WITHOUT_PLACE = 100
"""What the other columns need, as what is left of 80 beside them is 13."""
_NOTHING = "-"

# Green runs, yellow waits for a person, red needs one, blue is done; what is free stays quiet.
_IN_TROUBLE = ("problem", "power_fail", "no_controller", "shutdown")
_STATE_STYLES = {
    **dict.fromkeys(("active", "fra"), "green"),
    **dict.fromkeys(("start", "starting", "waiting"), "cyan"),
    **dict.fromkeys(("suspended", "blocked", "remote_maintenance"), "yellow"),
    **dict.fromkeys(_IN_TROUBLE, "bold red"),
    "completed": "blue",
}
_MODE_STYLES = {"charge": "green", "discharge": "magenta", "rest": "cyan", "problem": "bold red"}
_STATUS_STYLES = {"done": "green", "accepted": "cyan", "superseded": "yellow", "online": "green"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: heading, least width, and what it shows of a row at a moment."""

    heading: str
    width: int
    show: Callable[[Row, float], Text]
    right: bool = False
    wide_only: bool = False
    stretch: bool = False


def render(view: LabView, title: str, *, width: int, height: int, now: float) -> Group:
    """The whole picture, no larger than `width` columns and `height` lines.

    Args:
        title: first line; which broker this is.
    """
    header = [
        Text(title, style="bold", no_wrap=True, overflow="ellipsis"),
        *_cycler_lines(view, now),
        *_alarm_lines(view),
        *_silence_lines(view),
    ]
    footer = _acknowledgement_lines(view)
    room = max(_LEAST_ROWS, height - len(header) - len(footer) - 3)
    rows = view.sorted_rows()
    shown = _most_interesting(rows, room, view.alarms)
    more = [] if len(shown) == len(rows) else [_quiet(f"and {len(rows) - len(shown)} more channels")]
    return Group(*header, _table(shown, view, width, now), *more, *footer)


def _most_interesting(rows: list[Row], room: int, alarmed: Container[tuple[str, int]]) -> list[Row]:
    """All rows where they fit; else those first that need somebody or run, in their usual order."""
    if len(rows) <= room:
        return rows
    chosen = sorted(rows, key=lambda row: _rank(row, alarmed))[: room - 1]
    return sorted(chosen, key=lambda row: (row.cycler, row.channel))


def _rank(row: Row, alarmed: Container[tuple[str, int]]) -> int:
    if (row.cycler, row.channel) in alarmed or row.state in _IN_TROUBLE:
        return 0
    if row.is_running:
        return 1
    return 3 if row.state in ("available", "not_available") else 2


# --- header and footer


def _cycler_lines(view: LabView, now: float) -> list[Text]:
    lines = [_cycler_line(view, name) for name in sorted(view.cyclers)[:_CYCLERS_SHOWN]]
    if len(view.cyclers) > _CYCLERS_SHOWN:
        lines.append(_quiet(f"and {len(view.cyclers) - _CYCLERS_SHOWN} more cyclers"))
    rates = f"{view.readings.per_second(now):.1f} readings/s, {view.sweeps.per_second(now):.1f} sweeps/s"
    return [*lines, _quiet(f"{rates}, {view.answers.total} acknowledgements")]


def _cycler_line(view: LabView, name: str) -> Text:
    rows = [row for row in view.rows.values() if row.cycler == name]
    state = view.cyclers[name].state if view.is_online(name) else "offline"
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{name} ").append(state, _STATUS_STYLES.get(state, "bold red"))
    line.append(f", {sum(row.is_running for row in rows)} of {len(rows)} channels run")
    reason = view.cyclers[name].reason
    return line.append(f": {reason}", "yellow") if reason else line


def _alarm_lines(view: LabView) -> list[Text]:
    """The newest alarms, a critical one before all warnings."""
    found = [(place, alarm) for place, kinds in view.alarms.items() for alarm in kinds.values()]
    found.sort(key=lambda item: (item[1].severity != "critical", -item[1].since, item[0]))
    lines = [_alarm_line(*place, alarm) for place, alarm in found[:_ALARMS_SHOWN]]
    if len(found) > _ALARMS_SHOWN:
        lines.append(_quiet(f"and {len(found) - _ALARMS_SHOWN} more alarms"))
    return lines


def _alarm_line(cycler: str, channel: int, alarm: Alarm) -> Text:
    place = f"{cycler}/{channel}" if channel else cycler
    style = "bold red" if alarm.severity == "critical" else "yellow"
    return Text(
        f"! {place} {alarm.alarm} ({alarm.severity}): {alarm.what}",
        style,
        no_wrap=True,
        overflow="ellipsis",
    )


def _silence_lines(view: LabView) -> list[Text]:
    """Why the table may be empty: mostly a name or a root with a slip in it."""
    if view.rows:
        return []
    online = sorted(name for name, status in view.bridges.items() if status.state == "online")
    if not online:
        return [_quiet(f"no bridge is online below {view.root}/: does one run, and is this its root?")]
    return [
        _quiet(f"nothing has come of these channels so far: is the name right? online: {', '.join(online)}")
    ]


def _acknowledgement_lines(view: LabView) -> list[Text]:
    newest = list(view.acknowledgements)[-_ACKNOWLEDGEMENTS_SHOWN:]
    empty = [Text()] * (_ACKNOWLEDGEMENTS_SHOWN - len(newest))
    return [*(_acknowledgement_line(answer) for answer in newest), *empty]


def _acknowledgement_line(answer: Acknowledgement) -> Text:
    line = Text("ack ", style="dim", no_wrap=True, overflow="ellipsis")
    line.append(acknowledgement_text(answer), "not dim " + _STATUS_STYLES.get(answer.status, "red"))
    return line


def acknowledgement_text(answer: Acknowledgement) -> str:
    """An acknowledgement in one line: where, what, status, why."""
    place = "/".join(str(part) for part in (answer.cycler, answer.channel) if part is not UNSET) or "bridge"
    parts = [place, answer.command or "?", answer.status]
    if answer.latency_ms is not UNSET:
        parts.append(f"{answer.latency_ms:.1f} ms")
    if answer.duplicate:
        parts.append("(again)")
    if answer.error is not UNSET:
        parts.append(f"{answer.error.code}: {answer.error.message}")
    return " ".join(parts)


def _quiet(text: str) -> Text:
    return Text(text, style="dim", no_wrap=True, overflow="ellipsis")


# --- the table


def _table(rows: Sequence[Row], view: LabView, width: int, now: float) -> Table:
    columns = [
        column
        for column in _columns(_place_column(rows, view, width))
        if width >= WIDE or not column.wide_only
    ]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", width=width, pad_edge=False)
    for column in columns:
        table.add_column(
            column.heading,
            justify="right" if column.right else "left",
            min_width=column.width,
            width=None if column.stretch else column.width,
            ratio=1 if column.stretch else None,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*(column.show(row, now) for column in columns), style=_row_style(row, now))
    return table


def _row_style(row: Row, now: float) -> str:
    age = row.age_s(now)
    return "dim" if row.stale or (age is not None and age > STALE_AFTER_S) else ""


def _place_column(rows: Sequence[Row], view: LabView, width: int) -> Column:
    """The channels, as wide as they need where there is room; a long name is cut, its number never."""
    names_cycler = len(view.cyclers) > 1
    room = min(max(width - _WIDE_WITHOUT_PLACE, _PLACE_WIDTH), _PLACE_MAX) if width >= WIDE else _NARROW_PLACE

    def show(row: Row, now: float) -> Text:
        mark = "! " if (row.cycler, row.channel) in view.alarms else ""
        style = "bold red" if mark else ""
        if not names_cycler:
            return Text(f"{mark}{row.channel}", style)
        name_room = room - len(f"{mark}/{row.channel}")
        name = row.cycler if len(row.cycler) <= name_room else row.cycler[: name_room - 1] + "…"
        return Text(f"{mark}{name}/{row.channel}", style)

    least = _PLACE_WIDTH if names_cycler else len("channel")
    return Column("channel", max([least, *(show(row, 0.0).cell_len for row in rows)]), show)


def _columns(place: Column) -> list[Column]:
    return [
        place,
        Column("state", _STATE_WIDTH, _show_state),
        Column("mode", 9, lambda row, _: Text(row.mode or _NOTHING, _MODE_STYLES.get(row.mode, ""))),
        Column("test", 8, lambda row, _: Text(row.test_name or _NOTHING), stretch=True),
        Column("procedure", 14, lambda row, _: Text(row.procedure or _NOTHING), wide_only=True, stretch=True),
        Column("step", 4, lambda row, _: _number(row.step_id, "d"), right=True, wide_only=True),
        Column("cycle", 5, lambda row, _: _number(row.cycle_count, "d"), right=True, wide_only=True),
        Column("V", 6, lambda row, _: _number(row.voltage_volt, ".4f"), right=True),
        Column("A", 7, lambda row, _: _number(row.current_ampere, "+.4f"), right=True),
        Column("W", 7, lambda row, _: _number(row.power_watt, "+.3f"), right=True, wide_only=True),
        Column("Ah", 6, lambda row, _: _number(row.capacity_ah, ".4f"), right=True),
        Column("test time", 9, lambda row, _: _show_test_time(row), right=True),
        Column("age", 4, lambda row, now: _number(row.age_s(now), ".0f", " s"), right=True),
    ]


def _show_state(row: Row, now: float) -> Text:
    if row.stale:
        return Text(f"{row.state[: _STATE_WIDTH - 1]}?", "yellow")  # the mark is seen without colours
    return Text(row.state, _STATE_STYLES.get(row.state, ""))


def _show_test_time(row: Row) -> Text:
    if row.test_time_second is None:
        return Text(_NOTHING)
    minutes, seconds = divmod(int(row.test_time_second), 60)
    hours, minutes = divmod(minutes, 60)
    return Text(f"{hours}:{minutes:02}:{seconds:02}")


def _number(value: float | None, form: str, unit: str = "") -> Text:
    return Text(_NOTHING if value is None else f"{value:{form}}{unit}")
