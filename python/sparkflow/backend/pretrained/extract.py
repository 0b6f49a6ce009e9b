"""From a graph in a session to the function that it computes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from sparkflow.backend.metagraph import PLACEHOLDERS
from sparkflow.backend.pretrained import lookups
from sparkflow.backend.pretrained.function import Function, Port, Weight
from sparkflow.backend.pretrained.inline import inlined
from sparkflow.backend.runtime import tf

VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
_HOLDERS = ("HandleOp", "Table", "TableV2", "Resource", "Iterator", "IteratorV2")


def extracted(
    session: Any,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    trainable: Mapping[str, bool],
    words: str,
) -> Function:
    """Return what a session's graph computes, with what the session's variables and lookup tables hold.

    Parameters
    ----------
    trainable : mapping
        Whether variables of these names are trainable; others are not.
    words : str
        What it is, for messages.

    Raises
    ------
    ValueError
        The outputs need a placeholder that is not among the inputs, or something that is neither a variable
        nor a lookup table.
    """
    graph = session.graph
    graph_def = inlined(graph.as_graph_def(), [port.tensor for port in outputs])
    fed = {port.tensor.split(":")[0] for port in inputs}
    sources = [node for node in graph_def.node if node.name not in fed]
    for node in sources:
        if node.op in PLACEHOLDERS:
            raise ValueError(f"{words} needs a placeholder '{node.name}', which is none of its inputs")
        holds = not node.input and node.op.endswith(_HOLDERS)
        if holds and node.op not in (*VARIABLES, *lookups.TABLES):
            raise ValueError(
                f"{words} needs a {node.op} ('{node.name}'), but only variables and lookup tables can be "
                "brought into a SparkFlow model"
            )
    variables = [graph.get_operation_by_name(node.name) for node in sources if node.op in VARIABLES]
    tables = [graph.get_operation_by_name(node.name) for node in sources if node.op in lookups.TABLES]
    return Function(
        _without(graph_def, {*fed, *(op.name for op in (*variables, *tables))}),
        tuple(inputs),
        tuple(outputs),
        tuple(_weights(session, variables, trainable)),
        tuple(lookups.read(session, table) for table in tables),
    )


def _without(graph_def: Any, names: Set[str]) -> Any:
    """A GraphDef without the nodes of these names, and without waiting for them."""
    left = tf.GraphDef(versions=graph_def.versions, library=graph_def.library)
    left.node.extend(node for node in graph_def.node if node.name not in names)
    for node in left.node:
        inputs = [name for name in node.input if name[0] != "^" or name[1:] not in names]
        node.ClearField("input")
        node.input.extend(inputs)
    return left


def _weights(session: Any, variables: Sequence[Any], trainable: Mapping[str, bool]) -> Iterator[Weight]:
    with session.graph.as_default():
        reads = [
            tf.raw_ops.ReadVariableOp(resource=op.outputs[0], dtype=op.get_attr("dtype"))
            if op.type == "VarHandleOp"
            else tf.identity(op.outputs[0])
            for op in variables
        ]
    values = session.run(reads) if reads else []
    for op, value in zip(variables, values, strict=True):
        known = trainable.get(op.name, trainable.get(re.sub(r"_\d+$", "", op.name), False))
        yield Weight(op.name, op.outputs[0].name, op.type == "VarHandleOp", value, known)
