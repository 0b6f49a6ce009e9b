"""The gradient of a loss as the flat vector that is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparkflow.backend.layout import Variable
from sparkflow.backend.runtime import tf
from sparkflow.backend.tables import RowOps

# Values (64 KiB): a copy of as many takes about as long as fetching one more part.
_LARGE = 1 << 14


def flat_gradient(
    losses: list[Any], variables: Sequence[tuple[Any, Variable]], rows: Sequence[RowOps]
) -> tuple[list[Any], list[list[int]]]:
    """Add the gradient of the sum of all elements of `losses`, flat, as `tf.gradients` defines it.

    Large variables are parts of their own: to join them would copy them. Small neighbours are joined, as each
    part that is fetched costs some microseconds.

    Returns
    -------
    parts : list of tf.Tensor
        float32, of one dimension. Those of `rows` come last.
    sizes : list of list of int
        How many elements each variable in a part has; -1 for rows, which are one.

    Raises
    ------
    ValueError
        If the loss depends on none of them.
    """
    # Ref variables are differentiated through their reads as well: tf.gradients knows both kinds.
    sources = [variable for variable, _ in variables] + [ops.rows for ops in rows]
    # Gated, as TensorFlow's optimizers do: else oneDNN joins a convolution's gradients of filter and bias
    # into one op, which takes up to twice as long as the two.
    gradients = tf.gradients(losses, sources, gate_gradients=True)
    if all(gradient is None for gradient in gradients):
        raise ValueError("the loss of tensorflowGraph depends on no trainable variable")
    parts: list[list[Any]] = [[]]
    sizes: list[list[int]] = [[]]
    for gradient, (_, entry) in zip(gradients, variables, strict=False):  # those of rows come last
        if parts[-1] and (entry.size >= _LARGE or sizes[-1][0] >= _LARGE):
            parts.append([])
            sizes.append([])
        parts[-1].append(_flat(gradient, entry))
        sizes[-1].append(entry.size)
    joined = [
        part[0] if len(part) == 1 else tf.concat(part, 0, name=f"gradient_{number}")
        for number, part in enumerate(parts)
        if part
    ]
    of_rows = gradients[len(variables) :]
    joined += [ops.gradient(gradient) for ops, gradient in zip(rows, of_rows, strict=True)]
    return joined, [part for part in sizes if part] + [[-1] for _ in rows]


def _flat(gradient: Any, entry: Any) -> Any:
    if gradient is None:
        return tf.zeros([entry.size], tf.float32)
    if isinstance(gradient, tf.IndexedSlices):
        gradient = tf.math.unsorted_segment_sum(gradient.values, gradient.indices, entry.shape[0])
    return tf.cast(tf.reshape(gradient, [entry.size]), tf.float32)
