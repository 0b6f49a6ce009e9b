"""A Keras model in inference, as `model.predict` and `model.evaluate` compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from sparkflow.backend.keras.checks import Input
from sparkflow.backend.keras.loss import Label, Loss
from sparkflow.backend.keras.metrics import Metrics
from sparkflow.backend.keras.model import Variables, batch_specs, called, fed_specs, packed, parts
from sparkflow.backend.keras.trace import Trace


class Evaluation:
    """Values of its variables and a batch in; the prediction, the loss and the metrics' parts out.

    Attributes
    ----------
    trace : Trace
        Takes the values of `variables.fed` and a batch, as `batch_specs` says. Gives the predictions, the
        loss, and a total and a count for each metric.
    """

    def __init__(
        self,
        model: Any,
        variables: Variables,
        sources: Sequence[Input],
        loss: Loss,
        labels: Sequence[Label],
        metrics: Metrics,
        weight: Label | None = None,
    ) -> None:
        count = len(variables.fed)

        def call(*tensors: Any) -> list[Any]:
            x, y, w = parts(tensors[count:], len(sources), len(labels))
            with keras.StatelessScope(variables.mapping(tensors[:count]), collect_losses=True):
                prediction = called(model, x, training=False)
                total = keras.ops.cast(loss(y, packed(model, x), prediction, w), "float32")
            return [*keras.tree.flatten(prediction), total, *metrics.parts(y, prediction, w)]

        self.trace = Trace(call, [*fed_specs(variables), *batch_specs(sources, labels, weight)])
