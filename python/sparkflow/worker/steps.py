"""What lies between two pushes of a worker: from mini-batches to what the server is sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from sparkflow.backend.evaluation import Evaluated
from sparkflow.backend.interface import Backend
from sparkflow.ps.client import ParameterClient, Welcome
from sparkflow.ps.rows import RowClient

if TYPE_CHECKING:  # it imports TensorFlow
    from sparkflow.backend.tables import Rows

Batches = Iterator[list[np.ndarray]]
Client = TypeVar("Client", bound=ParameterClient)


class Steps(ABC, Generic[Client]):
    """One worker's way to push; `hello` and `begin` come first.

    Parameters
    ----------
    made : callable
        Called as ``made(loss, step)`` with each mini-batch's loss, before anything is pushed that came of it.
    """

    def __init__(self, backend: Backend, client: Client, made: Callable[[float, int], None]) -> None:
        self._backend = backend
        self._client = client
        self._made = made
        self._batches: Batches = iter(())
        self._inputs: list[np.ndarray] = []  # of the next mini-batch; empty after the last

    def hello(self, round: int, partition: int, attempt: int, rows: int) -> Welcome:
        return self._client.hello(round, partition, attempt, rows)

    def begin(self, batches: Batches, version: int, shared: bool) -> int:
        """Take the mini-batches to come; return the version of the weights that the client has then.

        Parameters
        ----------
        batches : iterator
            The inputs of each, which are valid until the next.
        shared : bool
            Whether weights come through shared memory, in which there are none before the first pull.
        """
        self._batches = batches
        self._inputs = next(batches, [])
        return self._client.pull() if shared else version

    @abstractmethod
    def push(self, step: int, version: int, left: int) -> tuple[int, float]:
        """Compute and push; return the samples and their mean loss. `client.wait` must follow.

        `left` is how many mini-batches the iteration still has.
        """

    @abstractmethod
    def evaluate(self, inputs: Sequence[np.ndarray]) -> Evaluated:
        """Evaluate the client's weights on other rows; `resume` must follow before the next push."""

    def resume(self, version: int) -> int:
        """Go on after `evaluate`; return the version of the weights."""
        return version


class GradientSteps(Steps[ParameterClient]):
    """A mini-batch, and its gradient."""

    def push(self, step: int, version: int, left: int) -> tuple[int, float]:
        count = len(self._inputs[0])
        loss, gradient = self._backend.step(self._client.weights, *self._inputs)
        self._made(loss, step)
        self._client.push(step, version, count, loss, gradient)
        self._inputs = next(self._batches, [])  # while the server applies it
        return count, loss

    def evaluate(self, inputs: Sequence[np.ndarray]) -> Evaluated:
        return self._backend.evaluate(self._client.weights, *inputs)


class AccumulatedSteps(Steps[ParameterClient]):
    """Several mini-batches on the same weights, and their mean gradient: each row counts alike."""

    def __init__(
        self,
        backend: Backend,
        client: ParameterClient,
        made: Callable[[float, int], None],
        mini_batches: int,
    ) -> None:
        super().__init__(backend, client, made)
        self._most = mini_batches
        self._sums: list[np.ndarray] = []

    def push(self, step: int, version: int, left: int) -> tuple[int, float]:
        total, samples = 0.0, 0
        for number in range(min(self._most, left)):
            if number:
                self._inputs = next(self._batches)
            count = len(self._inputs[0])
            loss, gradient = self._backend.step(self._client.weights, *self._inputs)
            self._made(loss, step)
            self._add(gradient, count, first=number == 0)
            total += loss * count
            samples += count
        for each in self._sums:
            each /= samples
        mean = self._backend.clip(self._sums)
        self._client.push(step, version, samples, total / samples, mean)
        self._inputs = next(self._batches, [])
        return samples, total / samples

    def _add(self, gradient: list[np.ndarray], count: int, first: bool) -> None:
        if not self._sums:
            self._sums = [np.empty_like(part) for part in gradient]
        for sums, part in zip(self._sums, gradient, strict=True):
            if first:
                np.multiply(part, np.float32(count), out=sums)
            else:
                sums += part * np.float32(count)

    def evaluate(self, inputs: Sequence[np.ndarray]) -> Evaluated:
        return self._backend.evaluate(self._client.weights, *inputs)


class LocalSteps(Steps[ParameterClient]):
    """Several mini-batches with the worker's own optimizer, and the change of the weights."""

    def __init__(
        self,
        backend: Backend,
        client: ParameterClient,
        made: Callable[[float, int], None],
        local_steps: int,
    ) -> None:
        super().__init__(backend, client, made)
        self._most = local_steps

    def push(self, step: int, version: int, left: int) -> tuple[int, float]:
        self._backend.put(self._client.weights)
        total, samples = 0.0, 0
        for number in range(min(self._most, left)):
            if number:
                self._inputs = next(self._batches)
            loss = self._backend.local_step(*self._inputs)
            self._made(loss, step)
            total += loss * len(self._inputs[0])
            samples += len(self._inputs[0])
        change = [self._backend.get() - self._client.weights]
        self._client.push(step, version, samples, total / samples, change, change=True)
        self._inputs = next(self._batches, [])
        return samples, total / samples

    def evaluate(self, inputs: Sequence[np.ndarray]) -> Evaluated:
        self._backend.put(self._client.weights)
        return self._backend.evaluate(None, *inputs)


class RowSteps(Steps[RowClient]):
    """A mini-batch of a model with tables, by rows: each push asks for those of the next one."""

    _rows: Rows | None = None  # which the client has

    def hello(self, round: int, partition: int, attempt: int, rows: int) -> Welcome:
        tables = self._backend.tables
        layout = self._backend.layout
        count = sum(variable.size for variable in layout.weights if variable.name not in tables)
        return self._client.hello_tables(round, partition, attempt, rows, tables, count)

    def begin(self, batches: Batches, version: int, shared: bool) -> int:
        super().begin(batches, version, shared=False)
        return self._pull(self._inputs)

    def push(self, step: int, version: int, left: int) -> tuple[int, float]:
        assert self._rows is not None
        count = len(self._inputs[0])
        loss, gradient = self._backend.row_step(
            self._client.weights, self._client.rows, self._rows, *self._inputs
        )
        self._made(loss, step)
        self._inputs = next(self._batches, [])
        numbers, values = self._ask(self._inputs)
        self._client.push_rows(step, version, count, loss, gradient, numbers, values)
        return count, loss

    def evaluate(self, inputs: Sequence[np.ndarray]) -> Evaluated:
        self._pull(inputs)
        assert self._rows is not None
        return self._backend.row_evaluate(self._client.weights, self._client.rows, self._rows, *inputs)

    def resume(self, version: int) -> int:
        return self._pull(self._inputs) if self._inputs else version

    def _pull(self, inputs: Sequence[np.ndarray]) -> int:
        numbers, values = self._ask(inputs)
        return self._client.pull_rows(numbers, values)

    def _ask(self, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
        if not inputs:
            self._rows = None
            return np.empty(0, np.int32), 0
        self._rows = self._backend.rows(*inputs)
        return self._rows.numbers, self._rows.values
