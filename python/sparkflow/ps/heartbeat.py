"""Signs of life of a worker that computes: its process runs and its connection stands, whatever a step
takes."""

from __future__ import annotations

import threading

from sparkflow.ps.connection import Connection


class Heartbeat:
    """Begins at once, on a thread of its own, and goes on until `stop` or the connection's end.

    Parameters
    ----------
    seconds : float
        Between two signs.
    """

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection, self._seconds = connection, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sparkflow-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                self._connection.alive()
            except ConnectionError:
                return  # the worker finds out by itself
