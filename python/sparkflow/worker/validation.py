"""The rows of a partition that are held out, and what the model is worth on them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from sparkflow.ps.client import ParameterClient
from sparkflow.worker.columns import Column
from sparkflow.worker.steps import Steps


class Validation:
    """Evaluates the model as the client knows it, and tells the server.

    Parameters
    ----------
    arrays : sequence of Column
        The held-out rows as the backend takes them; empty if there are none.
    batch : int
        Rows to evaluate at once.
    """

    def __init__(self, arrays: Sequence[Column], batch: int) -> None:
        self._batch = batch
        self._rows = len(arrays[0]) if arrays else 0
        self._arrays = arrays

    def tell(self, client: ParameterClient, steps: Steps[Any], iteration: int) -> None:
        """Compute loss and metrics over all rows; raises FloatingPointError if one is not finite."""
        total = 0.0
        metrics: dict[str, tuple[float, float]] = {}
        for start in range(0, self._rows, self._batch):
            inputs = [array[start : start + self._batch] for array in self._arrays]
            found = steps.evaluate(inputs)
            total += found.loss * len(inputs[0])
            for name, (part, count) in found.metrics.items():
                before = metrics.get(name, (0.0, 0.0))
                metrics[name] = (before[0] + part, before[1] + count)
        for name, value in [("loss", total), *((name, pair[0]) for name, pair in metrics.items())]:
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"the validation's {name} became {value} at iteration {iteration}: lower tfLearningRate, "
                    "or look for NaN or unscaled values in the rows that are held out"
                )
        client.validation(iteration, self._rows, total / max(self._rows, 1), json.dumps(metrics))


def no_training_rows(partition: int, held_out: int) -> ValueError:
    """Return the error of a partition all of whose rows are held out."""
    return ValueError(
        f"all {held_out} rows of partition {partition} are held out for validation, so it has none to train "
        "on: look whether validationIndicatorCol is true for the right rows, mix them, such as with "
        "df.repartition(n), or set fewer partitions"
    )
