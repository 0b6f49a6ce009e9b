"""A layer that computes what something else has trained."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import keras
import tensorflow

from sparkflow.backend.pretrained.function import Function
from sparkflow.backend.pretrained.on_values import on_values
from sparkflow.backend.runtime import tf


@keras.saving.register_keras_serializable("sparkflow")
class Pretrained(keras.layers.Layer):  # type: ignore[misc]
    """The graph of a model, with the model's variables as weights. It computes as in inference, always.

    Parameters
    ----------
    graph_def : str
        GraphDef in base64.
    source, result : str
        Tensors: what the layer takes and what it gives.
    variables : list of dict
        `name`, `tensor` (that holds its value), `shape`, `dtype` and `trainable` of each.
    """

    def __init__(
        self, graph_def: str, source: str, result: str, variables: list[dict[str, Any]], **kwargs: Any
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        self._config = {"graph_def": graph_def, "source": source, "result": result, "variables": variables}
        self._source, self._result = source, result
        self._tensors = [variable["tensor"] for variable in variables]
        self._graph_def = tf.GraphDef.FromString(b64decode(graph_def))
        self._held = [
            self.add_weight(
                name=variable["name"].replace("/", "_"),
                shape=variable["shape"],
                dtype=variable["dtype"],
                initializer="zeros",
                trainable=variable["trainable"],
            )
            for variable in variables
        ]
        self._eager = tensorflow.function(self._add, autograph=False)

    @classmethod
    def of(cls, function: Function, name: str | None, trainable: bool) -> Pretrained:
        """The layer of a function with one input and one output.

        Raises
        ------
        ValueError
            It has lookup tables, or reads variables where they cannot be had.
        """
        if function.lookups:
            raise ValueError(
                f"the model needs the lookup table '{function.lookups[0].tensor}', which cannot be part of a "
                "layer: take an output that comes before it, or an input that comes after it"
            )
        plain = on_values(function)
        variables = [
            {
                "name": weight.name,
                "tensor": weight.tensor,
                "shape": list(weight.value.shape),
                "dtype": weight.value.dtype.name,
                "trainable": weight.trainable,
            }
            for weight in plain.weights
        ]
        graph_def = b64encode(plain.graph_def.SerializeToString()).decode()
        (source,), (result,) = plain.inputs, plain.outputs
        layer = cls(graph_def, source.tensor, result.tensor, variables, name=name)
        for variable, weight in zip(layer._held, plain.weights, strict=True):
            variable.assign(weight.value)
        layer.trainable = trainable
        return layer

    def call(self, inputs: Any) -> Any:
        values = [keras.ops.convert_to_tensor(variable) for variable in self._held]
        return (self._eager if tensorflow.executing_eagerly() else self._add)(inputs, *values)

    def _add(self, inputs: Any, *values: Any) -> Any:
        given = dict(zip([self._source, *self._tensors], [inputs, *values], strict=True))
        (result,) = tf.import_graph_def(self._graph_def, given, [self._result])
        return result

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}
