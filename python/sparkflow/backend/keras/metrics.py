"""Which metrics of a Keras model can be put together from the parts of several workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras.src.trainers.compile_utils import CompileMetrics

from sparkflow.backend.keras.checks import Output
from sparkflow.backend.keras.loss import Label, filled


class Metrics:
    """The metrics of a compiled model, or those given instead.

    Parameters
    ----------
    model : keras.Model
    given : optional
        As `compile` takes them.
    labels : sequence of Label
        Without one there are no metrics.
    outputs : sequence of Output
        What the model predicts.

    Attributes
    ----------
    names : list of str
        Those that are a total over a count, such as a mean: the totals and counts of several workers add up.
    left_out : list of str
        All others.
    """

    def __init__(self, model: Any, given: Any, labels: Sequence[Label], outputs: Sequence[Output]) -> None:
        weighted = None
        if given is None:
            compiled = getattr(model, "_compile_metrics", None)
            given = getattr(compiled, "_user_metrics", None)
            weighted = getattr(compiled, "_user_weighted_metrics", None)
        self._labels = labels
        self._metrics: dict[str, tuple[Any, int, bool]] = {}  # with the output's number, whether weighted
        self.left_out: list[str] = []
        if not (given or weighted) or not labels:
            return
        predictions = [keras.KerasTensor(output.shape) for output in outputs]
        truths = [keras.KerasTensor(label.shape, label.dtype) for label in labels]
        truths = filled(labels, truths, predictions)
        names = [output.name for output in outputs]
        made = CompileMetrics(given, weighted, output_names=names)
        one = len(outputs) == 1
        made.build(*((truths[0], predictions[0]) if one else (truths, predictions)))
        for heeds, lists in ((False, made._flat_metrics), (True, made._flat_weighted_metrics)):
            for number, found in enumerate(lists):
                for metric in found.metrics if found else ():
                    name = metric.name if one else f"{names[number]}_{metric.name}"
                    mean = isinstance(metric, keras.metrics.Mean)
                    if mean and type(metric).result is keras.metrics.Mean.result:
                        self._metrics[name] = (metric, number, heeds)
                    else:
                        self.left_out.append(name)

    @property
    def names(self) -> list[str]:
        return list(self._metrics)

    def parts(self, y: Sequence[Any], prediction: Any, weight: Any = None) -> list[Any]:
        """Return total and count of each, for a batch; `weighted_metrics` heed the sample weights."""
        parts: list[Any] = []
        truths = keras.tree.flatten(filled(self._labels, y, prediction))
        predictions = keras.tree.flatten(prediction)
        for metric, number, heeds in self._metrics.values():
            zeros = [keras.ops.zeros(v.shape, v.dtype) for v in metric.variables]
            pair = truths[number], predictions[number]
            parts += metric.stateless_update_state(zeros, *pair, sample_weight=weight if heeds else None)
        return parts
