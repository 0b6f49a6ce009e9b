"""Frozen graphs: a GraphDef whose variables have become constants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from sparkflow.backend.classes import add_class
from sparkflow.backend.metagraph import PLACEHOLDERS
from sparkflow.backend.pretrained.extract import VARIABLES
from sparkflow.backend.pretrained.opened import Opened, port_of
from sparkflow.backend.runtime import tf
from sparkflow.backend.stored import check_size
from sparkflow.backend.values import exported

_SUFFIXES = (".pb", ".pbtxt")


def is_frozen(path: Path) -> bool:
    return path.suffix in _SUFFIXES and path.is_file()


def read(path: Path) -> Opened:
    """Read a frozen graph, in binary (`.pb`) or as text (`.pbtxt`).

    Its inputs are its placeholders, and its outputs what nothing else in it reads; all tensors keep their
    names.

    Raises
    ------
    ValueError
        It is no GraphDef, has variables (which have no values), or has more than 256 MiB.
    """
    graph_def = _parsed(path)
    variables = [node.name for node in graph_def.node if node.op in VARIABLES]
    if variables:
        raise ValueError(
            f"{path} is not frozen: it has variables, such as '{variables[0]}', whose values are somewhere "
            "else; load the SavedModel or the checkpoint that it belongs to"
        )
    with tf.Graph().as_default() as graph:
        for node in graph_def.node:
            node.device = ""
        try:
            tf.import_graph_def(graph_def, name="")
        except (ValueError, tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:
            raise ValueError(f"TensorFlow {tf.version.VERSION} cannot import {path}: {error}") from error
        for operation in graph.get_operations():
            if operation.type.startswith(("InitializeTable", "LookupTableImport")):
                tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, operation)
        inputs = [op.outputs[0] for op in graph.get_operations() if op.type in PLACEHOLDERS]
        outputs = _outputs(graph)
        if not inputs or not outputs:
            missing = "output" if inputs else "placeholder"
            raise ValueError(f"{path} has no {missing}: there is nothing to feed or to fetch")
        if len(outputs) == 1:
            add_class(outputs[0])
        values = exported([], [])
    return Opened(values, tuple(map(port_of, inputs)), tuple(map(port_of, outputs)))


def _parsed(path: Path) -> Any:
    check_size(path.stat().st_size, "save it as a SavedModel, whose variables are no part of the graph")
    graph_def = tf.GraphDef()
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(path.read_text("utf-8"), graph_def)
        else:
            graph_def.ParseFromString(path.read_bytes())
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is no GraphDef ({error}): expected what tf.io.write_graph writes of a frozen graph"
        ) from error
    return graph_def


def _outputs(graph: Any) -> Sequence[Any]:
    """The first tensors of the ops that nothing reads or waits for."""
    awaited = {before.name for op in graph.get_operations() for before in op.control_inputs}
    return [
        op.outputs[0]
        for op in graph.get_operations()
        if op.outputs
        and op.type not in (*PLACEHOLDERS, "Const")
        and op.name not in awaited
        and not any(tensor.consumers() for tensor in op.outputs)
    ]
