"""Trained models for programs without SparkFlow: SavedModels and frozen graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow
from tensorflow.python.framework import convert_to_constants

from sparkflow.backend import lookups, metagraph
from sparkflow.backend.fitted import Fitted
from sparkflow.backend.pretrained.function import Function, Port
from sparkflow.backend.runtime import tf


def saved_model(model: Fitted, path: str) -> None:
    """Write a SavedModel with one signature, `serving_default`.

    Its inputs and outputs are called as the tensors, without the number and with `_` for `/`.

    Raises
    ------
    ValueError
        The output needs something that is neither a variable nor a lookup table.
    """
    module = _Module(model.function())
    tensorflow.saved_model.save(module, path, signatures=module.serve)


def frozen_graph(model: Fitted, path: str) -> None:
    """Write a frozen graph, a GraphDef in binary; inputs and output are called as in the model.

    Raises
    ------
    ValueError
        The output needs a lookup table, or something else that a frozen graph has no place for; or the
        weights are too large for one.
    """
    if model.weights.nbytes > _LARGEST:
        raise ValueError(
            f"the weights take {model.weights.nbytes / 1e9:.2f} GB, but a frozen graph is one message of "
            "protobuf's, which holds 2 GB at most: use format='saved_model'"
        )
    function = model.function()
    if function.lookups:
        raise ValueError(
            f"{model.words} needs the lookup table '{function.lookups[0].tensor}', which has "
            "no place in a frozen graph: use format='saved_model'"
        )
    module = _Module(function)  # a concrete function does not keep its variables
    concrete = module.serve.get_concrete_function()
    frozen = convert_to_constants.convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    with tf.Graph().as_default() as graph:
        inputs = [tf.placeholder(port.dtype, port.shape, name=port.name) for port in function.inputs]
        given = {source.name: x for source, x in zip(frozen.inputs, inputs, strict=True)}
        names = [output.name for output in frozen.outputs]
        results = tf.import_graph_def(frozen.graph.as_graph_def(), given, names, name="model")
        # A function gives what it returns in the order of the keys.
        outputs = sorted(function.outputs, key=_key)
        for output, result in zip(outputs, results, strict=True):
            tf.identity(result, name=output.name)
    graph_def = metagraph.pruned(graph.as_graph_def(), [output.name for output in outputs])
    Path(path).write_bytes(graph_def.SerializeToString())


# Bytes of weights: a message holds 2 GiB, and the graph is in it, too.
_LARGEST = (1 << 31) - (64 << 20)


class _Module(tensorflow.Module):  # type: ignore[misc]
    """A function with variables and tables of TensorFlow 2."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.held = [
            tensorflow.Variable(weight.value, trainable=weight.trainable, name=weight.name)
            for weight in function.weights
        ]
        self.tables = [lookups.table(lookup) for lookup in function.lookups]
        specs = [tensorflow.TensorSpec(port.shape, port.dtype, name=_key(port)) for port in function.inputs]

        def serve(*inputs: Any) -> dict[str, Any]:
            # Reading tells the function that it has these variables.
            values = [variable.read_value() for variable in self.held]
            weights = [
                tensorflow.identity(variable.handle) if weight.is_handle else value
                for weight, variable, value in zip(function.weights, self.held, values, strict=True)
            ]
            tables = [tensorflow.identity(table.resource_handle) for table in self.tables]
            results = function.call(inputs, weights, tables)
            return {_key(output): result for output, result in zip(function.outputs, results, strict=True)}

        self.serve = tensorflow.function(serve, input_signature=specs, autograph=False)


def _key(port: Port) -> str:
    return port.name.replace("/", "_")
