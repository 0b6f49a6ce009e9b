"""A function that takes the values of its variables instead of the variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sparkflow.backend.pretrained.function import Function, tensor_name
from sparkflow.backend.runtime import tf


def on_values(function: Function) -> Function:
    """Return the same function, whose weights are values, whatever they were.

    Raises
    ------
    ValueError
        A variable is read in a loop or a branch, or is written.
    """
    handles = {weight.tensor: weight.value.dtype for weight in function.weights if weight.is_handle}
    graph_def = tf.GraphDef()
    graph_def.CopyFrom(function.graph_def)
    axis = graph_def.node.add(name="sparkflow_axis", op="Const")
    axis.attr["dtype"].type = tf.int32.as_datatype_enum
    axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.int32(0)))
    _through_identities(graph_def, handles)
    for node in graph_def.node:
        used = [handle for handle in map(tensor_name, node.input) if handle in handles]
        if not used or node.op == "Identity":
            continue
        dtype = tf.as_dtype(handles[used[0]]).as_datatype_enum
        if node.op == "ReadVariableOp":
            node.op = "Identity"
            _set(node, T=dtype)
        elif node.op == "ResourceGather":
            node.op = "GatherV2"
            node.input.insert(2, axis.name)
            dims = node.attr["batch_dims"].i
            _set(node, Tparams=dtype, Tindices=node.attr["Tindices"].type, Taxis=axis.attr["dtype"].type)
            node.attr["batch_dims"].i = dims
        else:
            raise ValueError(
                f"a variable goes into the {node.op} '{node.name}', but a layer can have only those that are "
                "read outside of loops and branches, and not written: save the model as a .keras file instead"
            )
    weights = tuple(weight._replace(is_handle=False) for weight in function.weights)
    return replace(function, graph_def=graph_def, weights=weights)


def _through_identities(graph_def: Any, handles: dict[str, Any]) -> None:
    """Add to `handles` what is identical to one; such ops become identities of values."""
    left = [node for node in graph_def.node if node.op == "Identity"]
    while found := [node for node in left if tensor_name(node.input[0]) in handles]:
        for node in found:
            dtype = handles[f"{node.name}:0"] = handles[tensor_name(node.input[0])]
            node.attr["T"].type = tf.as_dtype(dtype).as_datatype_enum
        left = [node for node in left if f"{node.name}:0" not in handles]


def _set(node: Any, **types: int) -> None:
    node.attr.clear()
    for name, dtype in types.items():
        node.attr[name].type = dtype
