"""A worker's connection to the parameter server when some variables travel by rows."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from sparkflow.ps import wire
from sparkflow.ps.buffers import aligned, floats
from sparkflow.ps.client import ParameterClient, Welcome
from sparkflow.ps.connection import Connection
from sparkflow.ps.exchange import TcpExchange


class RowClient(ParameterClient):
    """One connection of a worker that has tables: `weights` are without them.

    `pull_rows` and `push_rows` are for use instead of `pull` and `push`.
    """

    def __init__(self, wire_connection: Connection, same_host: bool = False) -> None:
        super().__init__(wire_connection, same_host)
        self._count = 0
        self._behind = (aligned((0,)),)

    @classmethod
    def over(cls, client: ParameterClient) -> RowClient:
        """Go on for `client`, which has not said `hello`, and is to be closed."""
        return cls(client._connection, client._same_host)

    @property
    def rows(self) -> np.ndarray:
        """The values of the rows that were last asked for, float32, one dimension; only to be read."""
        return self._behind[0]

    def hello_tables(
        self, round: int, worker: int, attempt: int, rows: int, tables: Sequence[str], count: int
    ) -> Welcome:
        """Do what `hello` does, and name the `tables`; the other variables have `count` weights."""
        self._count = count
        return self.hello(round, worker, attempt, rows, json.dumps(list(tables)))

    def initialize(self, layout: str, weights: np.ndarray, state: bytes) -> int:
        """Send the first weights, those of tables too, and state; only a pull brings them here."""
        version = self._acknowledged(wire.Initialize(layout), floats(weights), state)
        self._exchange = TcpExchange(self._connection, self._count)
        return version

    def pull_rows(self, numbers: np.ndarray, values: int) -> int:
        """Receive the weights and some rows; return their version.

        Parameters
        ----------
        numbers : numpy.ndarray
            int32, ascending: which rows, numbered as docs/protocol.md says.
        values : int
            How many values they have.
        """
        self._ask(wire.PullRows(), numbers)
        self._behind = (aligned((values,)),)
        return self._receive_weights()

    def push_rows(
        self,
        step: int,
        version: int,
        samples: int,
        loss: float,
        gradient: Sequence[np.ndarray],
        numbers: np.ndarray,
        values: int,
    ) -> None:
        """Send the gradient of a step and ask for the next rows, as `pull_rows` does; `wait` must follow.

        The parts of `gradient` are those of the weights and then those of `rows`; see `push` for the rest.
        """
        whole, of_rows = _cut(gradient, self.weights.size)
        message = wire.PushRows(step, version, samples, self._known.flags, loss)
        self._deadline("PushRows")
        with self._last_word():
            self._known.send(message, whole, *map(floats, of_rows), numbers)
        self._behind = (aligned((values,)),)
        self._pushed = True


def _cut(parts: Sequence[np.ndarray], size: int) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray]]:
    """Return the first parts, which have `size` values together, and the rest."""
    number = 0
    while size > 0:
        size -= parts[number].size
        number += 1
    return parts[:number], parts[number:]
