"""The rows of one column while they arrive: in memory that grows without a copy, or in a file."""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

# Bytes of memory to begin with. Pages that nothing was written to take no memory.
_FIRST = 1 << 20


@dataclass(frozen=True)
class Spill:
    """When rows leave the memory, and where to.

    Attributes
    ----------
    limit : int, optional
        The most bytes of rows to hold in memory; None for no limit.
    folder : str, optional
        Where the files go; None takes Spark's local directory of the worker or, outside of Spark, the
        system's temporary one.
    """

    limit: int | None = None
    folder: str | None = None

    def directory(self) -> str:
        local = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0]
        return self.folder or local or tempfile.gettempdir()


class Rows:
    """A matrix to which rows are added at its end. There is never a second copy of it.

    Parameters
    ----------
    name : str
        The column's, for messages.
    dtype : str
        Of the numbers, as numpy calls it.
    """

    def __init__(self, name: str, dtype: str = "float32") -> None:
        self._name = name
        self._dtype = np.dtype(dtype)
        self._width = 0
        self._size = 0
        # Private: what is shared does not grow.
        self._memory: mmap.mmap | None = mmap.mmap(-1, _FIRST, flags=mmap.MAP_PRIVATE)
        self._file: BinaryIO | None = None
        self._folder = ""

    @property
    def size(self) -> int:
        """Bytes of all rows so far."""
        return self._size

    @property
    def in_file(self) -> bool:
        return self._memory is None

    def add(self, rows: np.ndarray) -> None:
        """Add `rows` of shape (n, k), n > 0, C-contiguous, of the matrix' dtype.

        Raises
        ------
        ValueError
            If k is not that of the rows before.
        OSError
            If they go to a file, and it can't be written.
        """
        width = rows.shape[1]
        if width != (self._width or width):
            raise different_sizes(self._name, self._width, width)
        self._width = width
        if self._memory is not None:
            self._memory = _grown(self._memory, self._size + rows.nbytes)
            self._memory.seek(self._size)
            self._memory.write(rows.data)
        else:
            self._write(rows.data)
        self._size += rows.nbytes

    def spill(self, folder: str) -> None:
        """Move the rows to a file in `folder`, which also takes those that follow; frees the memory.

        Nobody sees the file: it has no name and is gone with the last use of the rows.
        """
        memory, self._memory = self._memory, None
        if memory is None:
            return
        self._folder = folder
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `array`
        except OSError as error:
            raise self._failure(error, self._size) from error
        with memory, memoryview(memory) as view:
            self._write(view[: self._size])

    def array(self) -> np.ndarray:
        """Return the matrix, of shape (0, 0) without rows, read-only from a file. To be called once."""
        if not self._size:
            return np.empty((0, 0), self._dtype)
        if self._memory is not None:
            memory = self._memory
            with suppress(SystemError):  # other systems have no mremap
                memory.resize(self._size)
        else:
            assert self._file is not None
            with self._file as file:
                try:
                    file.flush()
                except OSError as error:
                    raise self._failure(error, self._size) from error
                memory = mmap.mmap(file.fileno(), self._size, access=mmap.ACCESS_READ)
        return np.frombuffer(memory, self._dtype, self._size // self._dtype.itemsize).reshape(-1, self._width)

    def _write(self, data: memoryview) -> None:
        assert self._file is not None
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failure(error, self._size + data.nbytes) from error

    def _failure(self, error: OSError, size: int) -> OSError:
        return OSError(
            f"{size} bytes of the {self._name} column do not go to a file in '{self._folder}' "
            f"({error.strerror}): free space there, name another directory of the workers as spillDir, raise "
            "spillLimit, or use more partitions"
        )


def different_sizes(name: str, one: int, other: int) -> ValueError:
    """Return the error of a column whose rows have `one` and `other` values."""
    return ValueError(
        f"rows of the {name} column have different sizes, {one} and {other} values: "
        "all rows must have the same size"
    )


def _grown(memory: mmap.mmap, size: int) -> mmap.mmap:
    if size <= len(memory):
        return memory
    room = max(size, 2 * len(memory))
    try:
        memory.resize(room)  # Linux moves page tables, not bytes
        return memory
    except SystemError:  # other systems have no mremap
        larger = mmap.mmap(-1, room, flags=mmap.MAP_PRIVATE)
        larger.write(memory)
        memory.close()
        return larger
