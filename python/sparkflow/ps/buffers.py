"""Arrays that TensorFlow can be fed, and the wire can carry, without a copy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

# TensorFlow copies a fed array unless its first byte is aligned as Eigen wants it (EIGEN_MAX_ALIGN_BYTES).
_ALIGNMENT = 64


def aligned(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    """Return an uninitialised C-contiguous array whose first byte lies on a 64-byte boundary."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    array: np.ndarray = room[start : start + size].view(dtype).reshape(shape)
    return array


def places(parts: Sequence[np.ndarray], *whole: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield each of `parts`, which are one vector in order, with its range of each array of `whole`.

    Raises
    ------
    ValueError
        The parts are not as long together as each of `whole`, or are not contiguous vectors of float32.
    """
    total, expected = sum(floats(part).size for part in parts), whole[0].size
    if total != expected:
        raise ValueError(f"the gradient has {total} values, expected {expected}")
    start = 0
    for part in parts:
        yield part, *(array[start : start + part.size] for array in whole)
        start += part.size


def floats(array: np.ndarray) -> np.ndarray:
    """Return `array` if the wire can carry it as it is: float32, one dimension, contiguous."""
    if array.dtype != np.float32 or array.ndim != 1 or not array.flags.c_contiguous:
        raise ValueError(f"expected a contiguous vector of float32, got {array.dtype} of shape {array.shape}")
    return array
