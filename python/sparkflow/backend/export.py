"""Trained models for programs without SparkFlow: SavedModels and frozen graphs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow
from tensorflow.python.framework import convert_to_constants

from sparkflow.backend import metagraph
from sparkflow.backend.layout import Layout
from sparkflow.backend.pretrained import lookups
from sparkflow.backend.pretrained.extract import extracted
from sparkflow.backend.pretrained.function import Function, Port
from sparkflow.backend.pretrained.opened import port_of
from sparkflow.backend.runtime import tf
from sparkflow.backend.trained import trained


@dataclass(frozen=True)
class Fitted:
    """A fitted model, as `GraphPredictor` takes it."""

    graph: str
    layout: Layout
    weights: np.ndarray
    state: bytes
    tf_input: str
    tf_output: str
    tf_dropout: str | None = None
    dropout: float = 0.0

    @contextmanager
    def session(self) -> Iterator[tuple[Any, Port, Port]]:
        """A session that predicts, and what goes in and comes out; dropout is off for good."""
        meta = metagraph.parse(self.graph)
        graph = tf.Graph()
        constants = {}
        if self.tf_dropout is not None:
            rate = metagraph.tensor(
                metagraph.imported(metagraph.parse(self.graph)), "tfDropout", self.tf_dropout
            )
            shape = rate.shape.as_list() if rate.shape.is_fully_defined() else []
            with graph.as_default():
                constants[rate.name] = tf.fill(shape, tf.cast(self.dropout, rate.dtype))
        metagraph.imported(meta, graph, constants)
        fed, output = metagraph.prediction(graph, self.tf_input, self.tf_output, None)
        with trained(graph, self.layout, self.weights, self.state) as session:
            yield session, port_of(fed[0]), port_of(output)


def saved_model(model: Fitted, path: str) -> None:
    """Write a SavedModel with one signature, `serving_default`.

    Its input and its output are called as the tensors, without the number and with `_` for `/`.

    Raises
    ------
    ValueError
        The output needs something that is neither a variable nor a lookup table.
    """
    module = _Module(_function(model))
    tensorflow.saved_model.save(module, path, signatures=module.serve)


def frozen_graph(model: Fitted, path: str) -> None:
    """Write a frozen graph, a GraphDef in binary; input and output are called as in the model.

    Raises
    ------
    ValueError
        The output needs a lookup table, or something else that a frozen graph has no place for.
    """
    function = _function(model)
    if function.lookups:
        raise ValueError(
            f"tfOutput '{model.tf_output}' needs the lookup table '{function.lookups[0].tensor}', which has "
            "no place in a frozen graph: use format='saved_model'"
        )
    (source,), (output,) = function.inputs, function.outputs
    concrete = _Module(function).serve.get_concrete_function()
    frozen = convert_to_constants.convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(source.dtype, source.shape, name=source.name)
        (result,) = tf.import_graph_def(
            frozen.graph.as_graph_def(), {frozen.inputs[0].name: x}, [frozen.outputs[0].name], name="model"
        )
        tf.identity(result, name=output.name)
    graph_def = metagraph.pruned(graph.as_graph_def(), [output.name])
    Path(path).write_bytes(graph_def.SerializeToString())


def _function(model: Fitted) -> Function:
    with model.session() as (session, source, output):
        trainable = {variable.name: True for variable in model.layout.weights}
        return extracted(session, [source], [output], trainable, f"tfOutput '{model.tf_output}'")


class _Module(tensorflow.Module):  # type: ignore[misc]
    """A function with variables and tables of TensorFlow 2."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.held = [
            tensorflow.Variable(weight.value, trainable=weight.trainable, name=weight.name)
            for weight in function.weights
        ]
        self.tables = [lookups.table(lookup) for lookup in function.lookups]
        (source,), (output,) = function.inputs, function.outputs
        spec = tensorflow.TensorSpec(source.shape, source.dtype, name=_key(source))

        def serve(x: Any) -> dict[str, Any]:
            # Reading tells the function that it has these variables.
            values = [variable.read_value() for variable in self.held]
            weights = [
                tensorflow.identity(variable.handle) if weight.is_handle else value
                for weight, variable, value in zip(function.weights, self.held, values, strict=True)
            ]
            tables = [tensorflow.identity(table.resource_handle) for table in self.tables]
            (result,) = function.call([x], weights, tables)
            return {_key(output): result}

        self.serve = tensorflow.function(serve, input_signature=[spec], autograph=False)


def _key(port: Port) -> str:
    return port.name.replace("/", "_")
