"""Which metrics of a Keras model can be put together from the parts of several workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras.src.trainers.compile_utils import CompileMetrics

from sparkflow.backend.keras.loss import Label


class Metrics:
    """The metrics of a compiled model, or those given instead.

    Parameters
    ----------
    model : keras.Model
    given : optional
        As `compile` takes them.
    label : Label, optional
        Without one there are no metrics.
    output : sequence of int or None
        Shape of what the model predicts.

    Attributes
    ----------
    names : list of str
        Those that are a total over a count, such as a mean: the totals and counts of several workers add up.
    left_out : list of str
        All others.
    """

    def __init__(self, model: Any, given: Any, label: Label | None, output: Sequence[int | None]) -> None:
        weighted = None
        if given is None:
            compiled = getattr(model, "_compile_metrics", None)
            given = getattr(compiled, "_user_metrics", None)
            weighted = getattr(compiled, "_user_weighted_metrics", None)
        self._metrics: dict[str, Any] = {}
        self.left_out: list[str] = []
        if not (given or weighted) or label is None:
            return
        made = CompileMetrics(given, weighted)
        made.build(keras.KerasTensor(label.shape, label.dtype), keras.KerasTensor(tuple(output)))
        plain = made._flat_metrics[0]
        self._unweighted = {id(metric) for metric in (plain.metrics if plain else ())}
        for metric in made.metrics:
            if isinstance(metric, keras.metrics.Mean) and type(metric).result is keras.metrics.Mean.result:
                self._metrics[metric.name] = metric
            else:
                self.left_out.append(metric.name)

    @property
    def names(self) -> list[str]:
        return list(self._metrics)

    def parts(self, y: Any, prediction: Any, weight: Any = None) -> list[Any]:
        """Return total and count of each, for a batch; `weighted_metrics` heed the sample weights."""
        parts: list[Any] = []
        for metric in self._metrics.values():
            zeros = [keras.ops.zeros(v.shape, v.dtype) for v in metric.variables]
            heeded = None if id(metric) in self._unweighted else weight
            parts += metric.stateless_update_state(zeros, y, prediction, sample_weight=heeded)
        return parts
