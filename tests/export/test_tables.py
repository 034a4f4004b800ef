"""Rows in CSV and Parquet, read back by those who did not write them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.export.columns import COLUMNS, INPUTS, OF_READINGS, BdfColumn, columns_with, header
from macnet_bridge.export.csv_table import write_csv
from macnet_bridge.payloads.telemetry import Reading

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0.1, 1e-9, 5e-324, -0.0, 1.7e308]
)
KINDS = {
    "real": st.none() | NUMBERS,
    "integer": st.none() | st.integers(0, 2**53),
    "text": st.none() | st.sampled_from(["charge", "discharge", "rest", "code_23"]),
}
ROW = st.tuples(*(KINDS[column.kind] for column in COLUMNS))
ROWS = st.lists(ROW, min_size=1, max_size=20)
Row = tuple[Any, ...]


def written(rows: list[Row], labels: Any = "preferred") -> bytes:
    file = io.BytesIO()
    write_csv(iter(rows), file, header(COLUMNS, labels))
    return file.getvalue()


def kinds(columns: Sequence[BdfColumn], labels: Any) -> dict[str, str]:
    return dict(zip(header(columns, labels), (column.kind for column in columns), strict=True))


def same(value: object, other: object) -> bool:
    """Equal to the last bit, and a number is no other kind of number."""
    if isinstance(value, float) and isinstance(other, float):
        return value.hex() == other.hex()
    return value == other and type(value) is type(other)


def all_same(rows: list[Row], others: list[Row]) -> bool:
    return len(rows) == len(others) and all(
        len(row) == len(other) and all(map(same, row, other)) for row, other in zip(rows, others, strict=True)
    )


def test_the_header_is_bdf_s() -> None:
    assert header(OF_READINGS, "preferred") == (
        "Test Time / s",
        "Voltage / V",
        "Current / A",
        "Unix Time / s",
        "Cycle Count / 1",
        "Step ID",
        "Step Type",
        "Step Time / s",
        "Step Cumulative Capacity / Ah",
        "Step Cumulative Energy / Wh",
        "Power / W",
        "Record Index / 1",
    )
    assert header(COLUMNS, "machine")[:6] == (
        "test_time_second",
        "voltage_volt",
        "current_ampere",
        "unix_time_second",
        "cycle_count",
        "ambient_temperature_celsius",
    )


def test_inputs_have_columns_where_they_are() -> None:
    with_one = header(columns_with(["surface_temperature_celsius"]), "preferred")
    assert with_one == (*header(OF_READINGS, "preferred"), "Surface Temperature / degC")
    assert columns_with([]) == OF_READINGS
    assert columns_with(INPUTS) == COLUMNS
    assert header(COLUMNS, "preferred")[-9:] == (
        "Surface Temperature / degC",
        "Temperature T1 / degC",
        "Temperature T2 / degC",
        "Temperature T3 / degC",
        "Temperature T4 / degC",
        "Temperature T5 / degC",
        "Ambient Pressure / Pa",
        "Applied Pressure / Pa",
        "Surface Pressure / Pa",
    )


def test_what_is_of_a_step_stays_with_the_step() -> None:
    """BDF's other capacities and energies count from the start of the test."""
    of_energy = [column for column in COLUMNS if column.name.endswith(("_ah", "_wh"))]
    assert [(column.name, column.source) for column in of_energy] == [
        ("step_cumulative_capacity_ah", "step_cumulative_capacity_ah"),
        ("step_cumulative_energy_wh", "step_cumulative_energy_wh"),
    ]


def test_every_column_comes_from_a_published_one() -> None:
    assert {column.source for column in OF_READINGS} - set(Reading.__struct_fields__) == set()
    # A name of BDF is that of our payload, but for the mode of a step.
    renamed = {column.name: column.source for column in COLUMNS if column.name != column.source}
    assert renamed == {"step_type": "mode"}


def test_the_text_is_this_one() -> None:
    row = (0.1, 3.8512, None, 1795328722.123, 0, 2, "charge", 10.0, 1.39e-06, 5.35e-05, 1.9256, 18)
    file = io.BytesIO()
    write_csv([row], file, header(OF_READINGS, "preferred"))
    assert file.getvalue().decode() == (
        "Test Time / s,Voltage / V,Current / A,Unix Time / s,Cycle Count / 1,Step ID,Step Type,Step Time / s,"
        "Step Cumulative Capacity / Ah,Step Cumulative Energy / Wh,Power / W,Record Index / 1\n"
        "0.1,3.8512,,1795328722.123,0,2,charge,10.0,1.39e-06,5.35e-05,1.9256,18\n"
    )


def typed(text: str, kind: str) -> object:
    return None if text == "" else {"real": float, "integer": int, "text": str}[kind](text)


@given(ROWS)
def test_csv_reads_back_to_the_last_bit_with_python(rows: list[Row]) -> None:
    lines = list(csv.reader(io.StringIO(written(rows).decode(), newline="")))
    kinds = [column.kind for column in COLUMNS]
    assert all_same(rows, [tuple(map(typed, line, kinds)) for line in lines[1:]])


@given(ROWS)
def test_csv_reads_back_to_the_last_bit_with_pandas(rows: list[Row]) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas comes with the extra `examples`")
    integers = {column.label: "Int64" for column in COLUMNS if column.kind == "integer"}
    frame = pandas.read_csv(io.BytesIO(written(rows)), dtype={**integers, "Step Type": "object"})
    assert tuple(frame.columns) == header(COLUMNS, "preferred")
    assert all_same(rows, [from_pandas(row) for row in frame.itertuples(index=False, name=None)])


def from_pandas(row: Row) -> Row:
    """Its missing values are None, its numbers Python's."""
    values = (value.item() if hasattr(value, "item") else value for value in row)
    return tuple(None if str(value) in ("nan", "<NA>") else value for value in values)


@given(ROWS)
def test_csv_reads_back_to_the_last_bit_with_polars(rows: list[Row]) -> None:
    polars = pytest.importorskip("polars", reason="polars comes with the extra `examples`")
    kinds = {"real": polars.Float64, "integer": polars.Int64, "text": polars.String}
    schema = {column.label: kinds[column.kind] for column in COLUMNS}
    assert all_same(rows, polars.read_csv(io.BytesIO(written(rows)), schema=schema).rows())


@given(ROWS, st.sampled_from(["preferred", "machine"]))
def test_parquet_reads_back_to_the_last_bit(rows: list[Row], labels: Any) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow comes with the extra `parquet`")
    polars = pytest.importorskip("polars", reason="polars comes with the extra `examples`")
    from macnet_bridge.parquet_file import write_groups

    file = io.BytesIO()
    write_groups(file, kinds(COLUMNS, labels), iter(rows), {"test_name": "cell-17"})
    # Polars has a reader of Parquet of its own.
    frame = polars.read_parquet(io.BytesIO(file.getvalue()))
    assert tuple(frame.columns) == header(COLUMNS, labels)
    assert all_same(rows, frame.rows())


def test_parquet_has_a_row_group_per_65536_rows_and_knows_its_test() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra `parquet`")
    from macnet_bridge.parquet_file import write_groups

    row = (0.0, 3.5, None, 1.0, 0, 2, "rest", 0.0, 0.0, 0.0, None, 1)
    file = io.BytesIO()
    about = {"cycler": "lab1", "channel": "5"}
    write_groups(file, kinds(OF_READINGS, "machine"), (row for _ in range(65_537)), about)
    found = parquet.ParquetFile(io.BytesIO(file.getvalue()))
    assert [found.metadata.row_group(n).num_rows for n in range(found.num_row_groups)] == [65_536, 1]
    assert found.schema_arrow.metadata == {b"cycler": b"lab1", b"channel": b"5"}
    assert math.isnan(found.read().to_pandas()["current_ampere"][0])
