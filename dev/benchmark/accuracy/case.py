"""What is trained: a mode with so many workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WORKERS = (1, 2, 4, 8)
BATCH = 300


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes
    ----------
    goal : float
        How many points its mean may be below that of TensorFlow alone.
    params : dict
        Of the estimator, beside the number of partitions.
    """

    name: str
    workers: int
    goal: float
    params: dict[str, Any] = field(default_factory=dict)


# How many points the mean of a mode may be below that of TensorFlow alone.
GOALS = {"hogwild": 0.5, "locked": 0.5, "ssp": 0.3, "sync": 0.3}


def cases() -> list[Case]:
    """Every mode with every number of workers.

    In `sync`, a step is the mean of all workers' gradients, so they share the rows of a mini-batch; what
    comes of giving each a whole one is a case of its own.
    """
    found = []
    for mode, goal in GOALS.items():
        for workers in WORKERS:
            batch = BATCH // workers if mode == "sync" else BATCH
            found.append(Case(mode, workers, goal, {"mode": mode, "miniBatchSize": batch}))
    whole = {"mode": "sync", "miniBatchSize": BATCH}
    return [*found, *(Case(f"sync, {BATCH} each", n, GOALS["sync"], whole) for n in WORKERS if n > 1)]
