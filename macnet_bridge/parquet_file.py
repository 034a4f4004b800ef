"""Parquet files that are there whole or not at all. The only module that knows pyarrow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from macnet_bridge.errors import ConfigError

try:
    import pyarrow as pa
    from pyarrow import compute, parquet
except ImportError:
    raise ConfigError("Parquet needs pyarrow: pip install 'macnet-bridge[parquet]'") from None

GROUP_ROWS = 65_536
TYPES = {
    "real": pa.float64(),
    "integer": pa.int64(),
    "text": pa.string(),
    "flag": pa.bool_(),
    "json": pa.string(),
}


def write_durably(
    path: Path, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], about: Mapping[str, str]
) -> None:
    """Write rows; None is null. The file is on disk, under its name, when this returns.

    Args:
        columns: their kinds by name, in the order of the values of a row; a flag may be 0 or 1.
        about: goes into the file's own metadata.

    Raises:
        OSError: it could not be written; nothing is there under that name that was not before.
    """
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()], metadata=dict(about))
    arrays = [
        _array(kind, values) for kind, values in zip(columns.values(), zip(*rows, strict=True), strict=True)
    ]
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def write_groups(
    file: BinaryIO,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[Any]],
    about: Mapping[str, str],
    group: int = GROUP_ROWS,
) -> None:
    """Write rows as they come, so many at once; as many may come as like to. Arguments as above."""
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()], metadata=dict(about))
    left = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while some := list(islice(left, group)):
            arrays = map(_array, columns.values(), zip(*some, strict=True))
            writer.write_batch(pa.record_batch(list(arrays), schema=schema))


def read_rows_of(
    path: Path, columns: Sequence[str], cycler: str, channel: int, test_name: str
) -> Iterator[tuple[Any, ...]]:
    """Rows of a table that are of this channel, and of this test or of none.

    Raises:
        ConfigError: there is no such file, or it is damaged.
    """
    field = compute.field
    is_named = field("test_name").is_null() | (field("test_name") == test_name)
    wanted = (field("cycler") == cycler) & (field("channel") == channel) & is_named
    try:
        table = parquet.read_table(path, columns=list(columns), filters=wanted)
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    for batch in table.to_batches(max_chunksize=GROUP_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _array(kind: str, values: Sequence[Any]) -> Any:
    if kind == "flag":
        values = [None if value is None else bool(value) for value in values]
    return pa.array(values, TYPES[kind])


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; there NTFS keeps the order
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
