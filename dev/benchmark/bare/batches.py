"""Mini-batches as fast as numpy makes them, of arrays that are in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


class Batches:
    """Goes through all rows in a new order each time; the last batch may have fewer rows.

    A batch is valid until the next one: TensorFlow reads it where it is, since it lies on a 64-byte boundary.
    """

    def __init__(self, arrays: list[np.ndarray], batch: int, seed: int) -> None:
        self._arrays = arrays
        self._batch = batch
        self._random = np.random.default_rng(seed)
        self._buffers = [_aligned((batch, array.shape[1])) for array in arrays]

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        rows = len(self._arrays[0])
        order = self._random.permutation(rows)
        for start in range(0, rows, self._batch):
            taken = order[start : start + self._batch]
            # mode "raise" would go through a hidden second buffer
            yield [
                np.take(array, taken, axis=0, out=buffer[: len(taken)], mode="clip")
                for array, buffer in zip(self._arrays, self._buffers, strict=True)
            ]


def _aligned(shape: tuple[int, int]) -> np.ndarray:
    size = 4 * shape[0] * shape[1]
    room = np.empty(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size].view(np.float32).reshape(shape)
