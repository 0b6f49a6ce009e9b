"""Packed Arrow columns as numpy matrices, and back.

A packed value is one row: little-endian numbers of the dtype of the placeholder that they feed, back to
back, in a binary value. When all rows have the same width, the values buffer of the column is the matrix, so
reading is a view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sparkflow.backend.feed import STRINGS, Fed
from sparkflow.worker import arrow
from sparkflow.worker.rows import Rows, Spill, different_sizes
from sparkflow.worker.strings import StringRows, Strings, strings

# The rows of one column.
Column = np.ndarray | Strings

# Offsets of Arrow's binary type are int32.
_MAX_BINARY_BYTES = (1 << 31) - 1


def column(array: Any, fed: Fed) -> Column:
    """Return the rows of an Arrow array, of shape (n, k), as they are to be fed; raises what these raise."""
    return strings(array, fed.name) if fed.dtype == STRINGS else matrix(array, fed.name, fed.dtype)


def matrix(column: Any, name: str, dtype: str = "float32") -> np.ndarray:
    """Return the rows of a binary Arrow array as numbers of shape (n, k); k is 0 when there are no rows.

    The result shares the array's memory and is read-only. `name` is for messages; `dtype` is numpy's name.

    Raises
    ------
    ValueError
        If a row is null, or rows have different widths or none.
    """
    if pa.types.is_large_binary(column.type):
        offset_type: Any = np.int64
    elif pa.types.is_binary(column.type):
        offset_type = np.int32
    else:
        raise ValueError(f"the {name} column has Arrow type {column.type}, expected binary (packed rows)")
    count = len(column)
    if column.null_count:
        param = {"features": "inputCol", "label": "labelCol", "weight": "sampleWeightCol"}.get(name, name)
        raise ValueError(
            f"the {name} column ({param}) has {column.null_count} null rows in one batch of {count}: "
            "drop or fill them first, e.g. df.na.drop(subset=[…])"
        )
    if count == 0:
        return np.empty((0, 0), dtype)
    _, offsets_buffer, values_buffer = column.buffers()
    offset_size = np.dtype(offset_type).itemsize
    offsets = np.frombuffer(offsets_buffer, offset_type, count + 1, column.offset * offset_size)
    widths = np.diff(offsets)
    width = int(widths[0])
    other = int(np.argmax(widths != width))
    kind = np.dtype(dtype).newbyteorder("<")
    if widths[other] != width:
        raise different_sizes(name, width // kind.itemsize, int(widths[other]) // kind.itemsize)
    if width == 0 or width % kind.itemsize:
        raise ValueError(
            f"rows of the {name} column have {width} bytes, expected {kind.itemsize} for each value and one "
            "at least"
        )
    flat = np.frombuffer(values_buffer, kind, count * width // kind.itemsize, int(offsets[0]))
    return flat.reshape(count, width // kind.itemsize)


def read(batches: Iterable[Any], feds: Sequence[Fed], spill: Spill | None = None) -> list[Column]:
    """Read all batches; return the rows of each of their columns, which are what is fed.

    Each batch is copied as it comes and not kept: the rows are in memory once, plus a batch or two. Beyond
    the limit of `spill` a column's rows go to a file, those of the widest first, and what is returned is that
    file, mapped.
    """
    return read_apart(batches, feds, False, spill)[0]


def read_apart(
    batches: Iterable[Any], feds: Sequence[Fed], flagged: bool, spill: Spill | None = None
) -> tuple[list[Column], list[Column]]:
    """Do what `read` does with the rows whose flag is false, and apart with the others.

    If they are `flagged`, a boolean column after those that are fed says so; else all are of the first kind.

    Raises
    ------
    ValueError
        As `column` does, or if the flag of a row is null.
    """
    columns = [_rows(fed) for fed in (*feds, *feds)]
    for batch in batches:
        if batch.num_rows:
            views = [column(batch.column(index), fed) for index, fed in enumerate(feds)]
            if not flagged:
                parts = views
            else:
                chosen = _flags(batch.column(len(feds)))
                parts = [_part(view, rows) for rows in (~chosen, chosen) for view in views]
            coming = [(rows, part) for rows, part in zip(columns, parts, strict=False) if len(part)]
            if spill is not None and spill.limit is not None:
                _make_room(columns, dict(coming), spill.limit, spill.directory())
            for rows, part in coming:
                rows.add(part)
    arrays = [rows.array() for rows in columns]
    kept, apart = arrays[: len(feds)], arrays[len(feds) :]
    for fed, one, other in zip(feds, kept, apart, strict=True):
        if len(one) and len(other) and one.shape[1] != other.shape[1]:
            raise different_sizes(fed.name, one.shape[1], other.shape[1])
    return kept, apart


def _rows(fed: Fed) -> Any:
    return StringRows(fed.name) if fed.dtype == STRINGS else Rows(fed.name, fed.dtype)


def _part(rows: Column, chosen: np.ndarray) -> Column:
    return rows.rows(chosen) if isinstance(rows, Strings) else rows[chosen]


def _flags(column: Any) -> np.ndarray:
    if column.null_count:
        raise ValueError(
            f"validationIndicatorCol has {column.null_count} null rows in one batch of {len(column)}: each "
            "row is either held out or trained on; fill them first, e.g. df.fillna(False, subset=[…])"
        )
    return arrow.flags(column)


def _make_room(columns: list[Any], coming: Mapping[Any, Column], limit: int, folder: str) -> None:
    held = {
        rows: rows.size + (coming[rows].nbytes if rows in coming else 0)
        for rows in columns
        if not rows.in_file
    }
    while sum(held.values()) > limit:
        largest = max(held, key=lambda rows: held[rows])
        largest.spill(folder)
        del held[largest]


def doubles(values: np.ndarray) -> Any:
    """Return float64 values of shape (n, 1) as an Arrow array of doubles."""
    return arrow.numbers(np.ascontiguousarray(values, np.float64).reshape(-1))


def packed(values: np.ndarray) -> Any:
    """Return float64 values of shape (n, k) as a binary Arrow array, one little-endian row a value."""
    count, width = values.shape[0], values.shape[1] * 8
    if count * width > _MAX_BINARY_BYTES:
        raise ValueError(
            f"{count} rows of {values.shape[1]} outputs are beyond the 2 GiB of an Arrow column: "
            "lower spark.sql.execution.arrow.maxRecordsPerBatch"
        )
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    data = np.ascontiguousarray(values, "<f8")
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
