"""The variables of a TensorFlow 1 graph that stand for those of a Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparkflow.backend.keras.model import Variables, kept_dtype
from sparkflow.backend.runtime import tf


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
        keys = tf.GraphKeys
        refusal = _refusal() if values is None else None
        self.variables: list[Any] = []

        def add(variable: Any, dtype: str, collections: list[str]) -> None:
            def initial() -> Any:
                if values is not None:
                    return tf.constant(values[len(self.variables)], dtype)
                with tf.control_dependencies([refusal]):
                    return tf.zeros(variable.shape, dtype)

            made = tf.Variable(
                initial,
                trainable=False,  # else it would be in the collection twice
                collections=collections,
                name=_name(variable.path),
                dtype=dtype,
                shape=variable.shape,
                use_resource=True,
            )
            self.variables.append(made)

        for variable in variables.weights:
            add(variable, variable.dtype, [keys.GLOBAL_VARIABLES, keys.TRAINABLE_VARIABLES])
        for variable in variables.state:
            add(variable, kept_dtype(variable), [keys.GLOBAL_VARIABLES])
        for variable in variables.seeds:
            # No seed of its own, so that it gets the worker's. Local: never shipped, and never merged.
            drawn = tf.random_uniform(variable.shape, 0, 1 << 31, tf.int64)
            made = tf.Variable(
                tf.cast(drawn, variable.dtype),
                trainable=False,
                collections=[keys.LOCAL_VARIABLES],
                name=_name(variable.path),
                use_resource=True,
            )
            self.variables.append(made)
        self.values = [
            tf.cast(made.read_value(), variable.dtype)
            for made, variable in zip(self.variables, variables.fed, strict=True)
        ]


def _refusal() -> Any:
    """An operation that refuses to initialize variables whose values are somewhere else."""
    words = (
        "this graph was made of a Keras model without its values: give SparkAsyncDL the model itself, or set "
        "initialWeights"
    )
    return tf.debugging.Assert(tf.constant(False), [words], name="no_values")


def _name(path: str) -> str:
    """A name for an operation: TensorFlow takes fewer characters than Keras."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_./-") else "_" for c in path)
    return name if name[:1].isalnum() else f"v{name}"
