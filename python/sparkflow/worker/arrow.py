"""Small Arrow arrays from values and back, by their buffers.

`pyarrow.array`, `scalar` and `to_numpy` ask whether they are given something of pandas', and import it to
find out: 0.3 to 0.5 s of a core in a worker that has no other use for it, and tens of thousands of objects
that each collection of garbage looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa


def numbers(values: np.ndarray) -> Any:
    """Return an Arrow array of the memory of `values`, C-contiguous and of shape (n,), bool excepted."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def flags(column: Any) -> np.ndarray:
    """Return the values of an Arrow array of booleans without nulls."""
    first, count = column.offset, len(column)
    if not count:
        return np.empty(0, bool)
    packed = np.frombuffer(column.buffers()[1], np.uint8)
    bits = np.unpackbits(packed, count=first + count, bitorder="little")
    return bits[first:].astype(bool)


def row(schema: Any, values: Sequence[int | str | None]) -> Any:
    """Return a record batch of one row: integers, and texts that may be missing."""
    columns = [_one(field.type, value) for field, value in zip(schema, values, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _one(kind: Any, value: int | str | None) -> Any:
    if value is None:
        return pa.nulls(1, kind)
    if isinstance(value, str):
        text = value.encode()
        ends = np.array([0, len(text)], np.int32)
        return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(ends), pa.py_buffer(text)])
    return numbers(np.array([value], kind.to_pandas_dtype()))
