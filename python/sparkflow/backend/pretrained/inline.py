"""A graph whose functions are inlined: its ops' gradients are those that TensorFlow registers for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorflow.python.grappler import tf_optimizer

from sparkflow.backend.metagraph import pruned
from sparkflow.backend.runtime import tf


def inlined(graph_def: Any, outputs: Sequence[str]) -> Any:
    """Return a GraphDef that computes the tensors `outputs` as `graph_def` does, with nothing else in it.

    Bodies of loops and branches stay functions. What a Python process knows of gradients
    (`tf.custom_gradient`) is dropped: it is not part of a graph, and another process may know something else
    by that name.
    """
    meta = tf.MetaGraphDef()
    meta.graph_def.CopyFrom(pruned(graph_def, outputs))
    for body in _bodies(meta.graph_def):
        for node in body:
            # Switch and Merge cannot be differentiated where they come from a loop that was lowered.
            if "_lower_using_switch_merge" in node.attr:
                node.attr["_lower_using_switch_merge"].b = False
            node.attr.pop("_class", None)  # where it is to be placed: beside a variable that is replaced
    for function in meta.graph_def.library.function:
        function.attr.pop("api_implements", None)  # variants for a GPU, which are never inlined
    meta.collection_def["train_op"].node_list.value.extend(outputs)
    config = tf.ConfigProto()
    rewrite = config.graph_options.rewrite_options
    rewrite.min_graph_nodes = -1  # small graphs, too
    rewrite.optimizers.append("function")
    rewrite.function_optimization = type(rewrite).AGGRESSIVE  # functions that read variables, too
    result = tf_optimizer.OptimizeGraph(config, meta, verbose=False)
    result = pruned(result, outputs)
    for body in _bodies(result):
        for node in body:
            node.attr.pop("_gradient_op_type", None)
            node.device = ""
    return result


def _bodies(graph_def: Any) -> list[Any]:
    return [graph_def.node, *(function.node_def for function in graph_def.library.function)]
