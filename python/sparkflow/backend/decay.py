"""How much of a state variable's old value is still in its new one after a step.

A moving average keeps its momentum's part, 0.99 say; a counter all of it; a variable that a step overwrites
nothing. With it the server can merge what several workers' steps have done to one variable (see
docs/protocol.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparkflow.backend import metagraph
from sparkflow.backend.runtime import tf

# What an op that writes does to the old value v: d(new value)/dv, where d is d(operand)/dv.
_WRITES = {
    "Assign": lambda d: d,
    "AssignAdd": lambda d: 1 + d,
    "AssignSub": lambda d: 1 - d,
    "AssignVariableOp": lambda d: d,
    "AssignAddVariableOp": lambda d: 1 + d,
    "AssignSubVariableOp": lambda d: 1 - d,
}
_READS = ("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp")


def decays(variables: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Add a tensor that says it of each of `variables` after a step that runs `targets`.

    Returns
    -------
    tf.Tensor
        float32, of shape [len(variables)], each in [0, 1]; needs nothing fed. It is the derivative of the new
        value by the old one if that is the same constant for all elements, otherwise 0.
    """
    ran = {op.name for op in metagraph.upstream(targets)}
    return tf.stack([_decay(variable, ran) for variable in variables])


def _decay(variable: Any, ran: set[str]) -> Any:
    if not variable.dtype.is_floating:
        return tf.constant(1.0)  # the server adds integers up
    left = tf.constant(1.0)
    for op in variable.op.outputs[0].consumers():
        if op.name in ran and _may_write(op, variable.op.outputs[0]):
            left *= _after(op, variable) if op.type in _WRITES else 0.0
    return left


def _may_write(op: Any, holder: Any) -> bool:
    if holder.dtype == tf.resource:
        return op.type not in _READS
    return any(arg.is_ref for arg in op.op_def.input_arg)


def _after(op: Any, variable: Any) -> Any:
    """What is left of the old value after an op that writes, a tensor of shape []."""
    try:
        # tf.gradients' own ones would be as many as the value's shape says, and so depend on the value.
        ones = tf.ones(variable.shape, variable.dtype.base_dtype)
        gradient = tf.gradients(op.inputs[1], variable, ones)[0]
    except LookupError:  # an op that has no gradient
        return tf.constant(0.0)
    if gradient is None:
        gradient = tf.zeros(variable.shape, variable.dtype.base_dtype)
    constant = None if isinstance(gradient, tf.IndexedSlices) else _constant(gradient)
    if constant is None:
        return tf.constant(0.0)
    left = _WRITES[op.type](tf.cast(constant, tf.float32))
    low, high = tf.reduce_min(left), tf.reduce_max(left)
    return tf.where(tf.equal(low, high) & (low >= 0) & (high <= 1), low, 0.0)


def _constant(tensor: Any) -> Any:
    """A copy that waits for nothing, if `tensor` is the same whatever is fed and is held; else None."""
    made_of = metagraph.upstream([tensor], control=False)
    if any(not metagraph.is_pure(op) or op.type in metagraph.PLACEHOLDERS for op in made_of):
        return None
    graph_def = tf.GraphDef(versions=tensor.graph.graph_def_versions)
    for op in made_of:
        node = graph_def.node.add()
        node.CopyFrom(op.node_def)
        data = [name for name in node.input if not name.startswith("^")]
        node.ClearField("input")
        node.input.extend(data)
        node.attr.pop("_class", None)  # where it is to be placed: beside an op that is not copied
    return tf.import_graph_def(graph_def, return_elements=[tensor.name], name="constant")[0]
