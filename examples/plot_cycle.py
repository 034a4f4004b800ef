"""Open an exported test in pandas and in polars, look whether they agree, and plot one cycle of it.

Try it without a tester: `macnet-bridge demo`, in another terminal `macnet-bridge record --to lab.sqlite`,
after some minutes `macnet-bridge export lab.sqlite cell-01 --to cell-01.bdf.csv`, then `python
examples/plot_cycle.py file=cell-01.bdf.csv`. A file that ends in `.parquet` is read, too. All keys can be
given like that. It needs `pip install 'macnet-bridge[examples]'`."""

import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import polars as pl

matplotlib.use("Agg")  # no window
from matplotlib import pyplot

config = {"file": "cell-01.bdf.csv", "cycle": "0", "picture": "cycle.png"}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value


def read(file: str) -> tuple[Any, Any]:
    """The same table twice."""
    if file.endswith(".parquet"):
        return pd.read_parquet(file), pl.read_parquet(file)
    # All rows tell the types: a column may be empty for long.
    return pd.read_csv(file), pl.read_csv(file, infer_schema_length=None)


def agree(frame: Any, table: Any) -> bool:
    """Whether both have the same columns and, to the last bit, the same numbers."""
    numbers = [label for label in frame.columns if label != "Step Type"]
    return list(frame.columns) == table.columns and all(
        np.array_equal(frame[label].to_numpy(float), table[label].cast(pl.Float64).to_numpy(), equal_nan=True)
        for label in numbers
    )


def steps(cycle: Any) -> Any:
    """One line for each time that a step ran: how long, and its charge, counted and integrated."""
    hours = cycle["Test Time / s"] / 3600
    part = (cycle["Current / A"] + cycle["Current / A"].shift()) / 2 * hours.diff()
    is_first = cycle["Step ID"] != cycle["Step ID"].shift()
    grouped = cycle.assign(integrated=part.where(~is_first, 0.0)).groupby(is_first.cumsum())
    return grouped.agg(
        step=("Step ID", "first"),
        type=("Step Type", "first"),
        seconds=("Step Time / s", "max"),
        ampere=("Current / A", "median"),
        counted_ah=("Step Cumulative Capacity / Ah", "max"),  # by the tester; it starts anew with each step
        integrated_ah=("integrated", "sum"),  # of current and time, between the readings that are there
    )


def plot(cycle: Any, picture: str) -> None:
    figure, (volts, amperes) = pyplot.subplots(2, sharex=True, figsize=(8, 5), layout="constrained")
    hours = (cycle["Test Time / s"] - cycle["Test Time / s"].iloc[0]) / 3600
    for axes, label, color in ((volts, "Voltage / V", "tab:blue"), (amperes, "Current / A", "tab:red")):
        axes.plot(hours, cycle[label], color=color)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    amperes.set_xlabel("Time in the cycle / h")
    volts.set_title(f"{Path(config['file']).name}, cycle {config['cycle']}")
    figure.savefig(picture, dpi=100)


frame, table = read(config["file"])
print(f"{len(frame)} readings; pandas and polars {'agree' if agree(frame, table) else 'DIFFER'}")
cycle = frame[frame["Cycle Count / 1"] == int(config["cycle"])]
if cycle.empty:
    sys.exit(f"there is no cycle {config['cycle']}; the file has {sorted(set(frame['Cycle Count / 1']))}")
print(steps(cycle).to_string(index=False, float_format=lambda number: f"{number:.4f}"))
plot(cycle, config["picture"])
print(f"the picture is {config['picture']}")
