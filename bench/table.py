"""The report in Markdown: the goals first, then the rows: medians over the rounds, and their spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from bench.measure import Sample
from bench.quantiles import quantile
from bench.rows import FLOOD, SWEEP_FLOOD, VERBS, Key, Row
from bench.verdicts import NUMBERS, Verdict, summary

# Older benches know it by this place.
__all__ = ["quantile", "table"]

GOALS = ("#", "what", "measured [least..most]", "goal", "met")
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
    *(f"{verb} p50 / p99 ms (n)" for verb in VERBS),
)
_MET = {True: "yes", False: "**no**", None: ""}


def table(
    facts: Mapping[str, str],
    rows: Sequence[Row],
    samples: Sequence[list[Sample]],
    verdicts: Sequence[Verdict],
    remarks: Iterable[str],
) -> str:
    """The whole report."""
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", _line(GOALS), _line("---" for _ in GOALS), *map(_goal, verdicts)]
    lines += ["", *_met(verdicts)]
    lines += ["", _line(HEADER), _line("---" for _ in HEADER)]
    lines += [_line(_cells(row, taken)) for row, taken in zip(rows, samples, strict=True)]
    everything = [sample for taken in samples for sample in taken]
    lines += ["", f"Commands that were not done: {sum(sample.not_done for sample in everything)}."]
    lines += [f"Messages out of order: {sum(sample.disordered for sample in everything)}."]
    return "\n".join([*lines, *remarks])


def remark_on_subscriber(taken: Mapping[Key, Sequence[Sample]]) -> Iterable[str]:
    """Whether what counts could count more than there was, by messages per second."""
    floods = [(key, samples) for key, samples in taken.items() if key.name in (FLOOD, SWEEP_FLOOD)]
    ceilings = {key.name: rate for key, samples in floods if (rate := _messages_per_s(samples))}
    others = {
        str(key): rate
        for key, samples in taken.items()
        if key.name not in (FLOOD, SWEEP_FLOOD) and (rate := _messages_per_s(samples))
    }
    if not others or FLOOD not in ceilings:
        return
    highest = max(others, key=lambda name: others[name])
    shown = ", ".join(f"{rate:,.0f}/s of the {name}" for name, rate in ceilings.items())
    most = f"the most it had to count was {others[highest]:,.0f}/s ({highest})"
    yield f"The subscriber counted {shown}; {most}."


def remark_on_failures(taken: Mapping[Key, Sequence[Sample]]) -> Iterable[str]:
    """What could not be measured, and why."""
    for key, samples in taken.items():
        for number, sample in enumerate(samples, 1):
            if sample.failure:
                yield f"Not measured: {key}, round {number}: {sample.failure}."


def _messages_per_s(samples: Sequence[Sample]) -> float:
    rates = [sample.messages / sample.seconds for sample in samples if sample.seconds]
    return median(rates) if rates else 0.0


# --- goals


def _goal(verdict: Verdict) -> str:
    shown = verdict.why if verdict.value is None else _number(verdict.value)
    if verdict.spread is not None:
        shown += f" [{_number(verdict.spread[0])}..{_number(verdict.spread[1])}]"
    return _line((verdict.number, verdict.what, shown, verdict.goal, _MET[verdict.met]))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _met(verdicts: Sequence[Verdict]) -> Iterable[str]:
    summed_up = summary(verdicts)
    for word, met in (("met", True), ("missed", False), ("not fully measured", None)):
        numbers = [number for number in NUMBERS if summed_up[number]["met"] is met]
        if numbers:
            yield f"Goals {word}: {', '.join(numbers)}."


# --- rows


def _cells(row: Row, taken: list[Sample]) -> Iterable[str]:
    yield from (row.key.who, row.key.name, row.key.tester)
    if row.reading:
        yield from _readings(row, taken)
    else:
        yield from ("", str(row.key.qos), "", "", "", "", "")
    for verb in VERBS:
        yield _latency([sample.latencies_ms.get(verb, []) for sample in taken])


def _readings(row: Row, taken: list[Sample]) -> Iterable[str]:
    sizes = [sample.payload_bytes / sample.messages for sample in taken if sample.messages]
    yield row.reading
    yield str(row.key.qos)
    yield f"{median(sizes):.0f}" if sizes else ""
    yield f"{sum(sample.seconds for sample in taken):.0f}"
    rates = [sample.rate for sample in taken if not sample.failure]
    rate = _spread(rates, "{:,.0f}".format) if rates else "not measured"
    limit = row.arithmetic_per_s
    yield f"{rate}; limit {limit:,.0f}" if limit else rate
    yield _delivered(taken)
    costs = [sample.cpu_us for sample in taken if sample.cpu_us is not None]
    yield _spread(costs, _number) if costs else ""


def _delivered(taken: list[Sample]) -> str:
    messages = sum(sample.messages for sample in taken)
    missing = sum(sample.missing for sample in taken)
    if not any(sample.numbered for sample in taken):
        return f"{messages:,} / not numbered"
    return f"{messages:,} / {messages + missing:,}"


def _latency(rounds: list[list[float]]) -> str:
    rounds = [values for values in rounds if values]
    if not rounds:
        return ""
    everything = [value for values in rounds for value in values]
    p50 = _spread([quantile(values, 0.5) for values in rounds], "{:.1f}".format)
    return f"{p50} / {quantile(everything, 0.99):.1f} ({len(everything)})"


def _spread(values: Sequence[float], show: Callable[[float], str]) -> str:
    shown = show(median(values))
    if len(values) > 1:
        shown += f" [{show(min(values))}..{show(max(values))}]"
    return shown


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
