"""Variables of a graph that get their values from somewhere else than an initializer that draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparkflow.backend.names import operation_name
from sparkflow.backend.runtime import tf

# Bytes of values that a graph may have in it: its text is a third longer, and is parsed as a whole.
_LARGEST = 256 << 20


def stored(name: str, shape: Sequence[int], dtype: Any, trainable: bool, initial: Any) -> Any:
    """Add a resource variable to the current default graph.

    Parameters
    ----------
    initial : numpy.ndarray or tf.Operation
        The value, which becomes part of the graph; or what refuses to initialize, see `refusal`.
    """

    def value() -> Any:
        if isinstance(initial, tf.Operation):
            with tf.control_dependencies([initial]):
                return tf.zeros(shape, dtype)
        return tf.constant(initial, dtype)

    keys = tf.GraphKeys
    return tf.Variable(
        value,
        trainable=False,  # else it would be in the collection twice
        collections=[keys.GLOBAL_VARIABLES, keys.TRAINABLE_VARIABLES]
        if trainable
        else [keys.GLOBAL_VARIABLES],
        name=operation_name(name),
        dtype=dtype,
        shape=shape,
        use_resource=True,
    )


def refusal(words: str) -> Any:
    """Add an operation that fails with `words`, for variables whose values do not lie in the graph."""
    return tf.debugging.Assert(tf.constant(False), [words], name="no_values")


def check_size(size: int, remedy: str) -> None:
    """Raise ValueError, which ends with the `remedy`, if so many bytes of values are too much for a graph."""
    if size > _LARGEST:
        raise ValueError(
            f"the model's values take {size >> 20} MiB, but a graph with values in it may have "
            f"{_LARGEST >> 20}: {remedy}"
        )
