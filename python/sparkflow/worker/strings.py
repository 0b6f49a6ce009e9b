"""Rows of strings, or of other bytes, as Arrow keeps them: bytes and offsets, no object for each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from sparkflow.worker.arrow import numbers
from sparkflow.worker.rows import Rows, different_sizes


class Strings:
    """An array of byte strings whose first dimension counts the rows.

    What is taken of it is a numpy array of objects, as TensorFlow is fed: a batch, so, and not the whole.

    Parameters
    ----------
    values : pyarrow.LargeBinaryArray
        All of them, in C order.
    shape : tuple of int
    """

    def __init__(self, values: Any, shape: tuple[int, ...]) -> None:
        self._values = values
        self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of the strings and of their offsets."""
        return self.data.nbytes + 8 * len(self._values)

    @property
    def offsets(self) -> np.ndarray:
        """Where in `data` each string begins, and where the last one ends; int64."""
        places = self._places()
        offsets: np.ndarray = places - places[0]
        return offsets

    @property
    def data(self) -> np.ndarray:
        """All strings, one after the other; uint8."""
        first, last = self._places()[[0, -1]].tolist()
        memory = self._values.buffers()[2]
        return np.frombuffer(memory, np.uint8, last - first, first) if last > first else np.empty(0, np.uint8)

    def _places(self) -> np.ndarray:
        offsets = self._values.buffers()[1]
        return np.frombuffer(offsets, np.int64, len(self._values) + 1, 8 * self._values.offset)

    def reshape(self, *shape: int) -> Strings:
        """Return the same strings in another `shape`, of as many."""
        return Strings(self._values, shape)

    def rows(self, chosen: np.ndarray) -> Strings:
        """Return the rows whose flag in `chosen`, bool of shape (n,), is true."""
        count = int(np.count_nonzero(chosen))
        taken = self._values.take(numbers(np.flatnonzero(np.repeat(chosen, self._width))))
        return Strings(taken, (count, *self.shape[1:]))

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            count = max(stop - start, 0)
            taken = self._values.slice(start * self._width, count * self._width)
        else:
            count = len(rows)
            each = np.asarray(rows).reshape(-1, 1) * self._width + np.arange(self._width)
            taken = self._values.take(numbers(each.reshape(-1)))
        objects: np.ndarray = taken.to_numpy(zero_copy_only=False)
        return objects.reshape(count, *self.shape[1:])

    @property
    def _width(self) -> int:
        return math.prod(self.shape[1:])


def strings(column: Any, name: str) -> Strings:
    """Return the rows of an Arrow array of binary values, or of lists of such, as strings of shape (n, k).

    Raises
    ------
    ValueError
        If it is no such array, a row is null, or lists have different lengths or none.
    """
    count, values, width = len(column), column, 1
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        values = column.flatten()
        widths = np.diff(column.offsets.to_numpy())
        width = int(widths[0]) if count else 1
        other = int(np.argmax(widths != width)) if count else 0
        if count and widths[other] != width:
            raise different_sizes(name, width, int(widths[other]))
        if width == 0:
            raise ValueError(f"rows of the {name} column have no strings: expected one at least")
    if not (pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type)):
        raise ValueError(f"the {name} column has Arrow type {column.type}, expected binary values (strings)")
    if column.null_count or values.null_count:
        raise ValueError(f"the {name} column has a null in a batch of {count} rows: drop or fill them first")
    return Strings(values.cast(pa.large_binary()), (count, width))


class StringRows:
    """`Rows` of strings.

    Parameters
    ----------
    name : str
        The column's, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._data = Rows(name, "uint8")
        self._ends = Rows(name, "int64")
        self._width = 0

    @property
    def size(self) -> int:
        """Bytes of all rows so far, with the offsets."""
        return self._data.size + self._ends.size

    @property
    def in_file(self) -> bool:
        return self._data.in_file

    def add(self, rows: Strings) -> None:
        """Add `rows` of shape (n, k), n > 0; raises what `Rows.add` raises."""
        width = rows.shape[1]
        if width != (self._width or width):
            raise different_sizes(self._name, self._width, width)
        self._width = width
        offsets = rows.offsets + self._data.size
        self._ends.add((offsets[1:] if self._ends.size else offsets).reshape(-1, 1))
        data = rows.data
        if len(data):
            self._data.add(data.reshape(-1, 1))

    def spill(self, folder: str) -> None:
        """Do what `Rows.spill` does."""
        self._data.spill(folder)
        self._ends.spill(folder)

    def array(self) -> Strings:
        """Return the strings, of shape (n, k). To be called once."""
        offsets, data = self._ends.array(), self._data.array()
        count = max(len(offsets) - 1, 0)
        buffers = [None, pa.py_buffer(offsets if len(offsets) else np.zeros(1, np.int64)), pa.py_buffer(data)]
        values = pa.Array.from_buffers(pa.large_binary(), count, buffers)
        return Strings(values, (count // (self._width or 1), self._width))
