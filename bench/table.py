"""Samples as one Markdown table: medians over the rounds, and their spread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median

from bench.measure import Sample
from bench.rows import COMMANDS, Row

HEADER = (
    "who",
    "does",
    "tester",
    "a reading is",
    "QoS",
    "bytes",
    "s",
    "readings/s",
    "delivered / sent",
    "CPU us",
    *(f"{verb} p50 / p99 ms (n)" for verb in COMMANDS),
)


def table(facts: dict[str, str], rows: Sequence[Row], samples: Sequence[list[Sample]]) -> str:
    """The whole report."""
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", _line(HEADER), _line("---" for _ in HEADER)]
    lines += [_line(_cells(row, taken)) for row, taken in zip(rows, samples, strict=True)]
    everything = [sample for taken in samples for sample in taken]
    lines += ["", f"Commands that were not done: {sum(sample.not_done for sample in everything)}."]
    lines += [f"Messages out of order: {sum(sample.disordered for sample in everything)}."]
    return "\n".join(lines)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed; no value is made up between two."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _cells(row: Row, taken: list[Sample]) -> Iterable[str]:
    yield from (row.who, row.name, row.tester)
    if row.reading:
        yield from _readings(row, taken)
    else:
        yield from ("", str(row.qos), "", "", "", "", "")
    for verb in COMMANDS:
        yield _latency([sample.latencies_ms.get(verb, []) for sample in taken])


def _readings(row: Row, taken: list[Sample]) -> Iterable[str]:
    messages = sum(sample.messages for sample in taken)
    missing = sum(sample.missing for sample in taken)
    sizes = [sample.payload_bytes / sample.messages for sample in taken if sample.messages]
    yield row.reading
    yield str(row.qos)
    yield f"{median(sizes):.0f}" if sizes else ""
    yield f"{sum(sample.seconds for sample in taken):.0f}"
    rate = _spread([sample.rate for sample in taken], "{:,.0f}")
    limit = row.arithmetic_per_s
    yield f"{rate}; limit {limit:,.0f}" if limit else rate
    yield f"{messages:,} / {messages + missing:,}"
    costs = [1e6 * sample.cpu["self"] / sample.readings for sample in taken if sample.readings and sample.cpu]
    yield _spread(costs, "{:.3g}") if costs else ""


def _latency(rounds: list[list[float]]) -> str:
    rounds = [values for values in rounds if values]
    if not rounds:
        return ""
    everything = [value for values in rounds for value in values]
    p50 = _spread([quantile(values, 0.5) for values in rounds], "{:.1f}")
    return f"{p50} / {quantile(everything, 0.99):.1f} ({len(everything)})"


def _spread(values: Sequence[float], form: str) -> str:
    shown = form.format(median(values))
    if len(values) > 1:
        shown += f" [{form.format(min(values))}..{form.format(max(values))}]"
    return shown


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
