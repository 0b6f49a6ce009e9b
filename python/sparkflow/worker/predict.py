"""The prediction function: packed rows in, one output a row out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.broadcast import _broadcastRegistry

from sparkflow.backend.recent import Recent
from sparkflow.worker import columns, gpus, reuse
from sparkflow.worker.blob import ModelBlob
from sparkflow.worker.spec import PredictSpec

if TYPE_CHECKING:
    from sparkflow.backend.predictor import GraphPredictor

# Sessions that a worker process keeps between tasks: enough for the models of one query.
_KEPT = 4
_predictors: Recent[PredictSpec, GraphPredictor] = Recent(_KEPT)


class Predict:
    """Called by Spark (an Arrow iterator function) with rows as `columns.column` takes them.

    Parameters
    ----------
    spec : str
        JSON of a `PredictSpec`.
    """

    def __init__(self, spec: str) -> None:
        self._spec = PredictSpec.from_json(spec)

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        gpus.take_of(TaskContext.get())
        for batch in batches:
            arrays = batch if isinstance(batch, tuple) else (batch,)
            inputs = self._spec.inputs
            rows = [columns.column(array, fed) for array, fed in zip(arrays, inputs, strict=True)]
            yield self._column(rows)
        reuse.forget_archives()

    def _column(self, rows: list[columns.Column]) -> Any:
        """One array of the outputs; of several, one of structs."""
        spec = self._spec
        none = [np.empty((0, 1)) for _ in spec.outputs]
        outputs = _predictor(spec).all(*rows) if len(rows[0]) else none
        parts = []
        for tensor, vector, values in zip(spec.outputs, spec.vectors, outputs, strict=True):
            if not vector and values.shape[1] != 1:
                raise ValueError(
                    f"{spec.output_param} '{tensor}' gave {values.shape[1]} values a row, expected one"
                )
            parts.append(columns.packed(values) if vector else columns.doubles(values))
        if len(parts) == 1:
            return parts[0]
        return pa.StructArray.from_arrays(parts, [str(i) for i in range(len(parts))])


def _predictor(spec: PredictSpec) -> GraphPredictor:
    found = _predictors.find(spec)
    if found is None:
        reuse.load_tensorflow()  # not before there is something to predict
        from sparkflow.backend.predictor import GraphPredictor

        model = ModelBlob.parse(_broadcastRegistry[spec.broadcast].value)
        found = GraphPredictor(
            model.graph,
            model.layout,
            model.weights,
            model.state,
            spec.inputs,
            spec.outputs,
            spec.tf_dropout,
            spec.dropout,
            spec.batch,
            spec.threads,
        )
        # Another column of the same query may be using the one that is dropped.
        _predictors.keep(spec, found)
    return found
