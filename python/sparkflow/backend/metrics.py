"""Metrics that the user names by a graph's own tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sparkflow.backend import metagraph
from sparkflow.backend.runtime import tf


def named(graph: Any, metrics: Mapping[str, str], fed: Sequence[Any]) -> dict[str, Any]:
    """Return the tensors of metrics, by name.

    Raises
    ------
    ValueError
        If one is not in the graph, has no numbers, has more than one value for a row, or needs a placeholder
        that is not in `fed`.
    """
    found = {}
    for name, tensor_name in metrics.items():
        tensor = metagraph.tensor(graph, "tfMetrics", tensor_name)
        words = f"tfMetrics names '{tensor_name}' as '{name}'"
        numeric = tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool
        inner = [] if tensor.shape.rank in (None, 0) else tensor.shape.as_list()[1:]
        if not numeric or any(size not in (None, 1) for size in inner):
            raise ValueError(
                f"{words}, which is of dtype {tensor.dtype.name} and shape {tensor.shape}: expected one "
                "number for each row, or one for a mini-batch; take a mean, such as tf.reduce_mean(…, 1)"
            )
        try:
            metagraph.check_fed([tensor], fed)
        except ValueError as error:
            raise ValueError(f"{words}, which cannot be computed: {error}") from error
        found[name] = tensor
    return found


def parts(tensors: Mapping[str, Any], features: Any) -> tuple[tuple[str, str, str], ...]:
    """Add, for each metric, its total over the rows of a mini-batch and their count; return their names.

    Parameters
    ----------
    tensors : mapping
        Of one value for each row, or of one for all of them.
    features : tf.Tensor
        Whose first dimension counts the rows.
    """
    rows = tf.cast(tf.shape(features)[0], tf.float32)
    made = []
    for name, tensor in tensors.items():
        total = tf.reduce_mean(tf.cast(tensor, tf.float32)) * rows
        made.append((name, total.name, rows.name))
    return tuple(made)
