"""A Keras model in inference, as `model.predict` and `model.evaluate` compute."""

from __future__ import annotations

from typing import Any

import keras

from sparkflow.backend.keras.checks import Input
from sparkflow.backend.keras.loss import Label, Loss
from sparkflow.backend.keras.metrics import Metrics
from sparkflow.backend.keras.model import Variables, called, fed_specs
from sparkflow.backend.keras.trace import Trace


class Evaluation:
    """Values of its variables and a batch in; the prediction, the loss and the metrics' parts out.

    Attributes
    ----------
    trace : Trace
        Takes the values of `variables.fed`, the input and, if there is a label, the label. Gives the
        prediction, the loss, and a total and a count for each metric.
    """

    def __init__(
        self,
        model: Any,
        variables: Variables,
        source: Input,
        loss: Loss,
        label: Label | None,
        metrics: Metrics,
    ) -> None:
        count = len(variables.fed)

        def call(*tensors: Any) -> list[Any]:
            x, y = tensors[count], (*tensors[count + 1 :], None)[0]
            with keras.StatelessScope(variables.mapping(tensors[:count]), collect_losses=True):
                prediction = called(model, x, training=False)
                total = keras.ops.cast(loss(y, x, prediction), "float32")
            return [prediction, total, *metrics.parts(y, prediction)]

        self.trace = Trace(call, [*fed_specs(variables), source, *([] if label is None else [label])])
