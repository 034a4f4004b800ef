"""Prometheus' text format, version 0.0.4. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric is called, and what it tells.

    Attributes:
        name: with its base unit, and `_total` at the end of a counter.
        labels: of every sample, in this order.
    """

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    labels: tuple[str, ...] = ()

    def header(self) -> str:
        """HELP and TYPE, which go before the samples."""
        return f"# HELP {self.name} {self.help.translate(_HELP_ESCAPES)}\n# TYPE {self.name} {self.kind}\n"

    def sample(self, value: float, *labels: object) -> str:
        """One line; values in the base unit of the name."""
        return f"{self.name}{_braces(self.labels, labels)} {float(value)!r}\n"


Samples = Iterable[tuple[tuple[object, ...], float]]
"""Values, each after its labels."""


def lines(families: Iterable[tuple[Metric, Samples]]) -> Iterator[str]:
    """The text, in pieces of a line or two."""
    for metric, samples in families:
        yield metric.header()
        for labels, value in samples:
            yield metric.sample(value, *labels)


def _braces(names: tuple[str, ...], values: tuple[object, ...]) -> str:
    if not names:
        return ""
    pairs = zip(names, values, strict=True)
    return "{" + ",".join(f'{name}="{str(value).translate(_LABEL_ESCAPES)}"' for name, value in pairs) + "}"
