"""The prediction function: packed rows in, one output a row out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.broadcast import _broadcastRegistry

from sparkflow.backend.recent import Recent
from sparkflow.worker import archives, columns, gpus
from sparkflow.worker.blob import ModelBlob
from sparkflow.worker.spec import PredictSpec

if TYPE_CHECKING:
    from sparkflow.backend.predictor import GraphPredictor

# Sessions that a worker process keeps between tasks: enough for the models of one query.
_KEPT = 4
_predictors: Recent[PredictSpec, GraphPredictor] = Recent(_KEPT)


class Predict:
    """Called by Spark (an Arrow iterator function) with packed rows.

    Parameters
    ----------
    spec : str
        JSON of a `PredictSpec`.
    """

    def __init__(self, spec: str) -> None:
        self._spec = PredictSpec.from_json(spec)

    def __call__(self, arrays: Iterable[Any]) -> Iterator[Any]:
        gpus.take_of(TaskContext.get())
        for array in arrays:
            rows = columns.strings(array) if _is_text(array) else columns.matrix(array, "features")
            outputs = _predictor(self._spec)(rows) if len(rows) else np.empty((0, 1))
            yield self._column(outputs)
        archives.forget()

    def _column(self, outputs: np.ndarray) -> Any:
        if self._spec.vector:
            return columns.packed(outputs)
        if outputs.shape[1] != 1:
            raise ValueError(
                f"tfOutput '{self._spec.tf_output}' gave {outputs.shape[1]} values a row, expected one"
            )
        return columns.doubles(outputs)


def _is_text(array: Any) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type))


def _predictor(spec: PredictSpec) -> GraphPredictor:
    found = _predictors.find(spec)
    if found is None:
        # Imports TensorFlow: not before there is something to predict.
        from sparkflow.backend.predictor import GraphPredictor

        model = ModelBlob.parse(_broadcastRegistry[spec.broadcast].value)
        found = GraphPredictor(
            model.graph,
            model.layout,
            model.weights,
            model.state,
            spec.tf_input,
            spec.tf_output,
            spec.tf_dropout,
            spec.dropout,
            spec.batch,
            spec.threads,
        )
        # Another column of the same query may be using the one that is dropped.
        _predictors.keep(spec, found)
    return found
