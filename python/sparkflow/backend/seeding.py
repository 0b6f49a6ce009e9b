"""Random ops that depend on one seed.

Every random op gets a seed of its own, made from the given values and the op's name: so the same seed gives
the same numbers even when the graph is built again in another process, and different ops stay independent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from tensorflow.python.framework import op_def_registry

from sparkflow.backend.runtime import tf


def derive(*values: int | str) -> int:
    """Return 63 bits, never zero, that depend on `values` alone: alike in every process and machine."""
    text = "\0".join(str(value) for value in values)
    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 or 1


def seed_stateful(graph_def: Any, *values: int | str) -> set[tuple[str, str]]:
    """Seed, in place, the stateful random ops that have no seed, functions included.

    Returns the function ("" for none) and the name of each. A seed that the user fixed, for the op or with
    `tf.set_random_seed`, is kept.
    """
    found = set()
    for scope, node in _stateful(graph_def):
        # TensorFlow's own mark of "draw one at run time" is both of them zero.
        if not (node.attr["seed"].i or node.attr["seed2"].i):
            node.attr["seed"].i = derive(*values, scope, node.name)
            node.attr["seed2"].i = derive(*values, scope, node.name, "seed2")
            found.add((scope, node.name))
    return found


def stateful(graph_def: Any) -> set[tuple[str, str]]:
    """Return the function ("" for none) and the name of each stateful random op, whoever seeded it."""
    return {(scope, node.name) for scope, node in _stateful(graph_def)}


def _stateful(graph_def: Any) -> Iterable[tuple[str, Any]]:
    for scope, nodes in _scopes(graph_def):
        for node in nodes:
            if "seed" in node.attr and "seed2" in node.attr:
                yield scope, node


def seed_stateless(graph_def: Any, *values: int | str) -> None:
    """Replace, in place, the constant seeds of stateless random ops in the graph itself.

    Keras' initializers draw such a constant when the graph is built, which cannot be told from a chosen one.
    """
    constants = {node.name: node for node in graph_def.node if node.op == "Const"}
    added = []
    for node in graph_def.node:
        index = _seed_input(node)
        if index is None or (old := constants.get(node.input[index].split(":")[0])) is None:
            continue
        dtype = tf.as_dtype(old.attr["dtype"].type).as_numpy_dtype
        pair = [derive(*values, node.name, part) & 0x7FFFFFFF for part in ("0", "1")]
        new = type(node)(name=f"{node.name}/sparkflow_seed", op="Const")
        new.attr["dtype"].CopyFrom(old.attr["dtype"])
        new.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array(pair, dtype)))
        added.append(new)
        node.input[index] = new.name
    graph_def.node.extend(added)


def _scopes(graph_def: Any) -> Iterable[tuple[str, Any]]:
    yield "", graph_def.node
    for function in graph_def.library.function:
        yield function.signature.name, function.node_def


def _seed_input(node: Any) -> int | None:
    if "Stateless" not in node.op:
        return None
    definition = op_def_registry.get(node.op)
    names = [arg.name for arg in definition.input_arg] if definition else []
    return names.index("seed") if "seed" in names else None
