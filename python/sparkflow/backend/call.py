"""A part of a graph as a function: what `Session.make_callable` makes, without Python's share of a call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from sparkflow.backend.runtime import CallableOptions, tf

# What TensorFlow says of a row that a table does not have; on a GPU, which says nothing, it reads zeros.
_NO_ROW = re.compile(r"indices\[[\d,\s]*\] = (-?\d+) is not in \[0, (\d+)\)")
_NODE = re.compile(r"\{\{node ([^}]+)\}\}")


class Call:
    """Called with an array for each of `feeds`; returns the arrays of those `fetches` that are tensors.

    `Session.run`, and with it `make_callable`, looks at its arguments anew in each call, which takes 0.1 to
    0.2 ms. The session's own callable, by which Keras 2 runs its functions, takes 0.005, but ends the process
    when an array is not of its tensor's dtype. So dtypes and shapes are seen to here, as there. TensorFlow
    reads aligned arrays, and hands results over, without copying.

    Parameters
    ----------
    session : tf.Session
    fetches : sequence of str
        Names of tensors, and of operations to run.
    feeds : sequence of str
        Names of tensors.
    """

    def __init__(self, session: Any, fetches: Sequence[str], feeds: Sequence[str]) -> None:
        self._feeds = [_Fed(session.graph.get_tensor_by_name(name)) for name in feeds]
        tensors = [name for name in fetches if ":" in name]
        # TensorFlow does not give back what it is fed with.
        self._given = [(i, feeds.index(name)) for i, name in enumerate(tensors) if name in feeds]
        options = CallableOptions(
            feed=feeds,
            fetch=[name for name in tensors if name not in feeds],
            target=[name for name in fetches if ":" not in name],
        )
        self._run = session._make_callable_from_options(options)

    def __call__(self, *arrays: Any) -> list[Any]:
        """Run it.

        Raises
        ------
        ValueError
            If an array is not of its tensor's shape, or has no values of its dtype; if a table is asked for a
            row that it does not have.
        """
        fed = [tensor.array(value) for tensor, value in zip(self._feeds, arrays, strict=True)]
        try:
            fetched: list[Any] = self._run(*fed)
        except tf.errors.InvalidArgumentError as error:
            if no_row := _NO_ROW.search(error.message):
                raise ValueError(_no_row(no_row[1], no_row[2], error.message)) from error
            raise
        for place, number in self._given:
            fetched.insert(place, fed[number])
        return fetched


def _no_row(row: str, count: str, message: str) -> str:
    node = _NODE.search(message)
    where = f" ('{node[1]}')" if node else ""
    return (
        f"a batch asks for row {row} of a table{where}, which has rows 0 to {int(count) - 1}: renumber the "
        "values, or give the table more rows (of a Keras model, input_dim of the Embedding)"
    )


class _Fed:
    """What a tensor can be fed with."""

    def __init__(self, tensor: Any) -> None:
        self._name = tensor.name
        self._dtype = tensor.dtype.as_numpy_dtype
        self._shape: list[int | None] | None = None if tensor.shape.rank is None else tensor.shape.as_list()

    def array(self, value: Any) -> np.ndarray:
        array = np.asarray(value, self._dtype, "C")
        shape = self._shape
        if shape is not None and (
            len(shape) != array.ndim
            or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True))
        ):
            raise ValueError(
                f"cannot feed {self._name}, of shape {shape}, with an array of shape {array.shape}"
            )
        return array
