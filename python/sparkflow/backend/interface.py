"""What the worker's loop knows of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sparkflow.backend.evaluation import Evaluated
from sparkflow.backend.feed import Feed
from sparkflow.backend.layout import Layout

if TYPE_CHECKING:  # it imports TensorFlow
    from sparkflow.backend.tables import Rows


class Backend(Protocol):
    """A model that can be trained: all its trainable variables are one float32 vector.

    The order of calls is: `initial` if this worker is to make the first weights, `start`, which may come
    after `reseed`, then any number of `step`, `state` and `restore`, and `close`.
    """

    @property
    def layout(self) -> Layout:
        """Which variables the flat weights and the state are made of."""
        ...

    def initial(self) -> tuple[np.ndarray, bytes]:
        """Return fresh weights (float32, one dimension) and state, drawn from the model's initializers."""
        ...

    @property
    def feeds(self) -> Sequence[Feed]:
        """What shapes each column's rows for `step`, in its order: inputs, labels, sample weights."""
        ...

    def start(self, weights: np.ndarray, state: bytes | bytearray) -> None:
        """Get ready to train from here."""
        ...

    def reseed(self, segment: int) -> bool:
        """Let the random ops of a step begin anew, with seeds that depend on `segment` (0 at first), too.

        Seeds that the user chose stay. Return whether there are such ops; if so, `start` must follow.
        """
        ...

    def step(self, weights: np.ndarray, *batch: np.ndarray) -> tuple[float, list[np.ndarray]]:
        """Return the loss of a batch and its gradient, both taken at `weights`.

        The weights must not change while this runs; they may once it has returned. The gradient is the
        caller's own: float32 vectors which, one after the other, are as long as the weights.
        """
        ...

    def clip(self, gradient: list[np.ndarray]) -> list[np.ndarray]:
        """Return the mean of several gradients of `step` as it is to be pushed.

        What is returned is valid as long as what was given.
        """
        ...

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the variables of which `row_step` takes rows; empty if `step` is for use."""
        ...

    def rows(self, *batch: np.ndarray) -> Rows:
        """Return which rows of the tables a batch reads; raises ValueError if there is no such row."""
        ...

    def row_step(
        self, weights: np.ndarray, values: np.ndarray, rows: Rows, *batch: np.ndarray
    ) -> tuple[float, list[np.ndarray]]:
        """Do for a batch what `step` does, given the `values` of its `rows`, float32, one dimension.

        `weights` are those of all other variables; the gradient is as long as they and the values together.
        """
        ...

    def evaluate(self, weights: np.ndarray | None, *batch: np.ndarray) -> Evaluated:
        """Return mean loss and metrics of a batch, in inference where the model knows the difference.

        No variable changes. The session's own weights are taken without `weights`.
        """
        ...

    def row_evaluate(
        self, weights: np.ndarray, values: np.ndarray, rows: Rows, *batch: np.ndarray
    ) -> Evaluated:
        """Do what `evaluate` does, given the `values` of the batch's `rows`, as `row_step` takes them."""
        ...

    def local_step(self, *batch: np.ndarray) -> float:
        """Move the session's own weights by one step of its optimizer; return the loss before it."""
        ...

    def put(self, weights: np.ndarray) -> None:
        """Set the session's own weights, a copy; the optimizer keeps what it knows."""
        ...

    def get(self) -> np.ndarray:
        """Return the session's own weights, the caller's until the next `local_step`."""
        ...

    def state(self) -> bytes:
        """Return the state as the steps so far left it."""
        ...

    def decay(self) -> np.ndarray:
        """Return which part of each state variable's old value is in its new one after a step.

        float32, one for each variable of the state, each from 0 (overwritten) to 1 (only added to, or left
        alone).
        """
        ...

    def restore(self, state: bytes | bytearray) -> None:
        """Set the state."""
        ...

    def close(self) -> None:
        """Free what the model holds."""
        ...
