"""A Keras computation as ops of a TensorFlow 1 graph.

It is traced as Keras itself traces it for `fit`, in a `tf.function`, and what comes out is imported. Nothing
in it holds a variable: values go in and come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow

from sparkflow.backend import lookups
from sparkflow.backend.lookups import Lookup
from sparkflow.backend.runtime import tf


class Trace:
    """The ops of one call of `function`.

    Parameters
    ----------
    function : callable
        Takes one tensor for each of `specs`; returns a list of tensors.
    specs : sequence of (shape, dtype)
        The dtypes by name.

    Raises
    ------
    ValueError
        If it reads something that is neither given nor constant.
    """

    def __init__(
        self, function: Callable[..., list[Any]], specs: Sequence[tuple[Sequence[int | None], str]]
    ) -> None:
        tensors = [tf.TensorSpec(shape, dtype) for shape, dtype in specs]
        # Without AutoGraph, as Keras itself calls a model.
        concrete = tensorflow.function(function, autograph=False).get_concrete_function(*tensors)
        graph = concrete.graph
        self._graph_def = graph.as_graph_def()
        self._lookups: list[Lookup] = []
        self._constants: dict[str, Any] = {}
        for outer, inner in graph.captures:
            lookup = lookups.captured(self._graph_def, inner, outer) if outer.dtype == tf.resource else None
            if lookup is not None:
                self._lookups.append(lookup)
            else:
                self._constants[inner.name] = _constant(graph, outer)
        self._inputs = [tensor.name for tensor in concrete.inputs[: len(tensors)]]
        self._outputs = [tensor.name for tensor in concrete.outputs]

    @property
    def has_custom_gradients(self) -> bool:
        """Whether there are ops whose gradients only this process knows."""
        bodies = [self._graph_def.node, *(f.node_def for f in self._graph_def.library.function)]
        return any("_gradient_op_type" in node.attr for body in bodies for node in body)

    def add(self, inputs: Sequence[Any], scope: str) -> list[Any]:
        """Add the ops to the default graph, computing with the tensors `inputs`; return what comes out."""
        given = dict(zip(self._inputs, inputs, strict=True))
        with tf.name_scope(f"{scope}_constants"):
            given |= {name: tf.constant(value) for name, value in self._constants.items()}
            given |= {lookup.tensor: lookups.add(lookup) for lookup in self._lookups}
        outputs: list[Any] = tf.import_graph_def(
            self._graph_def, input_map=given, return_elements=self._outputs, name=scope
        )
        return outputs


def _constant(graph: Any, tensor: Any) -> Any:
    """The value of what a function has caught from around it."""
    if tensor.dtype in (tf.resource, tf.variant):
        names = ", ".join(f"'{v.name.split(':')[0]}'" for v in graph.variables)
        what = f"the variable {names}" if names else f"something of dtype {tensor.dtype.name}"
        raise ValueError(
            f"the model reads {what}, which is no weight of its own, so it cannot be trained here: make it a "
            "layer's with add_weight; give random functions a keras.random.SeedGenerator that a layer keeps"
        )
    return tensor.numpy()
