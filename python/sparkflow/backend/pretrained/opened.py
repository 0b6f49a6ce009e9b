"""What was brought in, as SparkFlow's models are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sparkflow.backend import metagraph
from sparkflow.backend.classes import add_class
from sparkflow.backend.feed import Fed, Tensors, features
from sparkflow.backend.layout import kept_as
from sparkflow.backend.names import operation_name
from sparkflow.backend.pretrained.function import Function, Port
from sparkflow.backend.runtime import tf
from sparkflow.backend.stored import refusal, stored
from sparkflow.backend.values import Values, exported


class Opened(NamedTuple):
    """A model that was brought in.

    Attributes
    ----------
    values : Values
    inputs, outputs : tuple of Port
        As the graph of `values` names them.
    from_logits : bool
        Whether the first output is known to be logits.
    """

    values: Values
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    from_logits: bool = False

    def chosen(
        self,
        path: str,
        tf_input: Tensors,
        tf_output: str | Sequence[str] | None,
        tf_dropout: str | None = None,
    ) -> tuple[tuple[Fed, ...], str | Sequence[str]]:
        """Return the tensors to feed and to fetch: those that are given, or the only ones.

        Raises
        ------
        ValueError
            It is not clear which, the message names `path`; there is no such tensor; or what is fetched needs
            more than what is fed.
        """
        fed = features(tf_input or _only(path, "tfInput", "inputs", self.inputs))
        fetched = tf_output or _only(path, "tfOutput", "outputs", self.outputs)
        graph = metagraph.imported(metagraph.parse(self.values.graph))
        metagraph.prediction(graph, fed, fetched, tf_dropout)
        return fed, fetched


def _only(path: str, param: str, kind: str, ports: Sequence[Port]) -> str:
    if len(ports) != 1:
        there = f"has {len(ports)} {kind}: {', '.join(map(str, ports))}"
        columns = "inputCols" if param == "tfInput" else "outputCols"
        several = f" (or {columns}, a column for each)" if ports else ""
        raise ValueError(
            f"{path} {there if ports else f'does not tell its {kind}'}; give {param}='name:0'{several}"
        )
    return ports[0].tensor


def opened(function: Function) -> Opened:
    """Make the graph and the values of a function.

    Inputs and outputs are tensors of their names; `class:0` is the number of the likeliest class where the
    only output says how much each is.
    """
    weights: list[np.ndarray] = []
    state: list[np.ndarray] = []
    with tf.Graph().as_default():
        inputs = function.placeholders()
        refused = None
        variables = []
        for weight in function.weights:
            trainable = weight.trainable and np.issubdtype(weight.value.dtype, np.floating)
            shipped = trainable or kept_as(weight.value.dtype.name) is not None
            if shipped:
                refused = refused or refusal("this graph was made without its values: set initialWeights")
                (weights if trainable else state).append(weight.value)
            # What SparkFlow's models have no place for, a string say, is part of the graph.
            initial = refused if shipped else weight.value
            shape = weight.value.shape
            variables.append(stored(weight.name, shape, weight.value.dtype, trainable, initial))
        outputs = [
            tf.identity(tensor, name=operation_name(port.name))
            for tensor, port in zip(function.add(inputs, variables), function.outputs, strict=True)
        ]
        if len(outputs) == 1:
            add_class(outputs[0])
        values = exported(weights, state)
    return Opened(
        values,
        tuple(map(port_of, inputs)),
        tuple(map(port_of, outputs)),
    )


def port_of(tensor: Any) -> Port:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return Port(tensor.op.name, tensor.name, tensor.dtype.base_dtype.name, shape)
