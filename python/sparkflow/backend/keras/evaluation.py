"""A Keras model in inference, as `model.predict` and `model.evaluate` compute."""

from __future__ import annotations

from typing import Any

import keras

from sparkflow.backend.keras.checks import Input
from sparkflow.backend.keras.loss import Label, Loss
from sparkflow.backend.keras.metrics import Metrics
from sparkflow.backend.keras.model import Variables, called, fed_specs, others
from sparkflow.backend.keras.trace import Trace


class Evaluation:
    """Values of its variables and a batch in; the prediction, the loss and the metrics' parts out.

    Attributes
    ----------
    trace : Trace
        Takes the values of `variables.fed`, the input and, of those that there are, the label and the sample
        weights. Gives the prediction, the loss, and a total and a count for each metric.
    """

    def __init__(
        self,
        model: Any,
        variables: Variables,
        source: Input,
        loss: Loss,
        label: Label | None,
        metrics: Metrics,
        weight: Label | None = None,
    ) -> None:
        count = len(variables.fed)

        def call(*tensors: Any) -> list[Any]:
            x = tensors[count]
            y, w = others(tensors[count + 1 :], label is not None, weight is not None)
            with keras.StatelessScope(variables.mapping(tensors[:count]), collect_losses=True):
                prediction = called(model, x, training=False)
                total = keras.ops.cast(loss(y, x, prediction, w), "float32")
            return [prediction, total, *metrics.parts(y, prediction, w)]

        batch = [spec for spec in (source, label, weight) if spec is not None]
        self.trace = Trace(call, [*fed_specs(variables), *batch])
