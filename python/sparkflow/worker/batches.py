"""Which rows make which step: a pure function, so that a retried task can go on at any step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sparkflow.ps.buffers import aligned
from sparkflow.worker.strings import Strings

Rows = slice | np.ndarray


@dataclass(frozen=True)
class BatchPlan:
    """The steps of one partition in one round.

    Attributes
    ----------
    rows : int
        Rows of the partition, at least 1.
    mini_batch_size : int
        Rows of a step; -1 takes all rows.
    mini_stochastic_iters : int
        If at least 1: an iteration is that many batches, each drawn without replacement. Else an iteration
        goes through all rows once.
    shuffle : bool
        Whether an iteration that goes through all rows takes them in a new order.
    seed, round, partition : int
        What the order depends on, together with the iteration.
    """

    rows: int
    mini_batch_size: int
    mini_stochastic_iters: int
    shuffle: bool
    seed: int
    round: int
    partition: int

    @property
    def batch(self) -> int:
        """Rows of a step; the last step of an iteration may have fewer."""
        return min(self.mini_batch_size, self.rows) if self.mini_batch_size >= 1 else self.rows

    @property
    def steps_per_iteration(self) -> int:
        if self.mini_stochastic_iters >= 1:
            return self.mini_stochastic_iters
        return -(-self.rows // self.batch)

    def steps(self, iteration: int) -> list[Rows]:
        """Return the rows of each step of an `iteration`, 0-based within the round."""
        if self.batch == self.rows:  # the order of rows within a step changes nothing but costs a copy
            return [slice(0, self.rows)] * self.steps_per_iteration
        starts = range(0, self.rows, self.batch)
        if self.mini_stochastic_iters < 1 and not self.shuffle:
            return [slice(start, min(start + self.batch, self.rows)) for start in starts]
        random = np.random.default_rng([self.seed % (1 << 64), self.round, self.partition, iteration])
        if self.mini_stochastic_iters >= 1:
            return [
                random.choice(self.rows, self.batch, replace=False) for _ in range(self.mini_stochastic_iters)
            ]
        order = random.permutation(self.rows)
        return [order[start : start + self.batch] for start in starts]


class Taker:
    """Takes rows of an array; the result is valid until the next call.

    Parameters
    ----------
    array : numpy.ndarray or Strings
        Its first dimension counts the rows.
    most : int
        The most rows that are taken at once.
    """

    def __init__(self, array: np.ndarray | Strings, most: int) -> None:
        self._array = array
        self._most = most
        self._buffer: np.ndarray | None = None

    def __call__(self, rows: Rows) -> np.ndarray:
        if isinstance(rows, slice) or isinstance(self._array, Strings):
            return self._array[rows]
        if self._buffer is None:
            # One for all steps: no allocation, and TensorFlow reads it where it is.
            self._buffer = aligned((self._most, *self._array.shape[1:]), self._array.dtype)
        # mode "raise" would go through a hidden second buffer
        return np.take(self._array, rows, axis=0, out=self._buffer[: len(rows)], mode="clip")
