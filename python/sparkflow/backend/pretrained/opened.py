"""What was brought in, as SparkFlow's models are made of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from google.protobuf import json_format

from sparkflow.backend.classes import add_class
from sparkflow.backend.layout import STATE_DTYPES
from sparkflow.backend.metagraph import Variables
from sparkflow.backend.names import operation_name
from sparkflow.backend.pretrained.function import Function, Port
from sparkflow.backend.runtime import tf
from sparkflow.backend.stored import refusal, stored
from sparkflow.backend.values import Values, packed


class Opened(NamedTuple):
    """A model that was brought in.

    Attributes
    ----------
    values : Values
    inputs, outputs : tuple of Port
        As the graph of `values` names them.
    """

    values: Values
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def opened(function: Function) -> Opened:
    """Make the graph and the values of a function.

    Inputs and outputs are tensors of their names; `class:0` is the number of the likeliest class where the
    only output says how much each is.
    """
    weights: list[np.ndarray] = []
    state: list[np.ndarray] = []
    with tf.Graph().as_default() as graph:
        inputs = function.placeholders()
        refused = refusal("this graph was made without its values: set initialWeights")
        variables = []
        for weight in function.weights:
            trainable = weight.trainable and np.issubdtype(weight.value.dtype, np.floating)
            shipped = trainable or weight.value.dtype.name in STATE_DTYPES
            if shipped:
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
        text: str = json_format.MessageToJson(tf.train.export_meta_graph())
        values = packed(text, Variables.of(graph), weights, state)
    return Opened(
        values,
        tuple(map(port_of, inputs)),
        tuple(map(port_of, outputs)),
    )


def port_of(tensor: Any) -> Port:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return Port(tensor.op.name, tensor.name, tensor.dtype.base_dtype.name, shape)
