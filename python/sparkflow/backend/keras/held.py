"""The variables of a TensorFlow 1 graph that stand for those of a Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparkflow.backend.keras.model import Variables, kept_dtype
from sparkflow.backend.names import operation_name
from sparkflow.backend.runtime import tf
from sparkflow.backend.stored import refusal, stored


class Held:
    """Adds them to the current default graph.

    Parameters
    ----------
    variables : Variables
        The model's.
    values : list of numpy.ndarray, optional
        What weights and state are initialized with. By default initializing them is refused: their values are
        somewhere else.

    Attributes
    ----------
    variables : list of tf.Variable
        In the order of `Variables.fed`.
    values : list of tf.Tensor
        What they hold, in the dtypes of the model's.
    """

    def __init__(self, variables: Variables, values: list[np.ndarray] | None) -> None:
        refused = _refusal() if values is None else None
        self.variables: list[Any] = []

        def add(variable: Any, dtype: str, trainable: bool) -> None:
            initial = refused if values is None else values[len(self.variables)]
            self.variables.append(stored(variable.path, variable.shape, dtype, trainable, initial))

        for variable in variables.weights:
            add(variable, variable.dtype, trainable=True)
        for variable in variables.state:
            add(variable, kept_dtype(variable), trainable=False)
        for variable in variables.seeds:
            # No seed of its own, so that it gets the worker's. Local: never shipped, and never merged.
            drawn = tf.random_uniform(variable.shape, 0, 1 << 31, tf.int64)
            made = tf.Variable(
                tf.cast(drawn, variable.dtype),
                trainable=False,
                collections=[tf.GraphKeys.LOCAL_VARIABLES],
                name=operation_name(variable.path),
                use_resource=True,
            )
            self.variables.append(made)
        self.values = [
            tf.cast(made.read_value(), variable.dtype)
            for made, variable in zip(self.variables, variables.fed, strict=True)
        ]


def _refusal() -> Any:
    return refusal(
        "this graph was made of a Keras model without its values: give SparkAsyncDL the model itself, or set "
        "initialWeights"
    )
