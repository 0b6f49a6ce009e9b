"""The steps of a worker whose model has tables: it knows one batch ahead which rows it will need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sparkflow.backend.evaluation import Evaluated
from sparkflow.backend.interface import Backend
from sparkflow.backend.tables import Rows
from sparkflow.ps.client import Welcome
from sparkflow.ps.rows import RowClient


class RowSteps:
    """Pulls, computes and pushes by rows.

    Parameters
    ----------
    backend : Backend
        One that has tables.
    """

    def __init__(self, backend: Backend, client: RowClient) -> None:
        self._backend = backend
        self._client = client
        self._rows: Rows | None = None  # which the client has

    def hello(self, round: int, partition: int, attempt: int, rows: int) -> Welcome:
        tables = self._backend.tables
        layout = self._backend.layout
        count = sum(variable.size for variable in layout.weights if variable.name not in tables)
        return self._client.hello_tables(round, partition, attempt, rows, tables, count)

    def start(self, inputs: Sequence[np.ndarray]) -> int:
        """Pull what the first batch needs; return the version."""
        numbers, values = self._ask(inputs)
        return self._client.pull_rows(numbers, values)

    def gradient(self, inputs: Sequence[np.ndarray]) -> tuple[float, list[np.ndarray]]:
        """Return loss and gradient of the batch whose rows were last asked for."""
        assert self._rows is not None
        return self._backend.row_step(self._client.weights, self._client.rows, self._rows, *inputs)

    def evaluate(self, inputs: Sequence[np.ndarray]) -> Evaluated:
        """Pull what a batch needs, and evaluate it; then `start` must follow, before there can be a step."""
        self.start(inputs)
        assert self._rows is not None
        return self._backend.row_evaluate(self._client.weights, self._client.rows, self._rows, *inputs)

    def push(
        self,
        step: int,
        version: int,
        samples: int,
        loss: float,
        gradient: Sequence[np.ndarray],
        following: Sequence[np.ndarray],
    ) -> None:
        """Push, and ask for the rows of the batch that follows."""
        numbers, values = self._ask(following)
        self._client.push_rows(step, version, samples, loss, gradient, numbers, values)

    def _ask(self, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
        if not inputs:  # the last batch was the last
            self._rows = None
            return np.empty(0, np.int32), 0
        self._rows = self._backend.rows(*inputs)
        return self._rows.numbers, self._rows.values
