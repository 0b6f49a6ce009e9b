"""Arrays that TensorFlow can be fed without a copy."""

from __future__ import annotations

import math
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
