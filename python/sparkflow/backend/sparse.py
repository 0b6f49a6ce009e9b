"""Feeding a `tf.sparse_placeholder`: rows travel as bytes, and the graph takes them apart.

A row is the values that are not 0, and then their indices as int32, all little-endian. So a mini-batch is one
array of strings, as others are, however many values its rows have.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sparkflow.backend import metagraph
from sparkflow.backend.feed import STRINGS, Fed, Feed
from sparkflow.backend.runtime import tf


@dataclass(frozen=True)
class SparseFed(Fed):
    """What feeds the placeholder that stands for a sparse one.

    Attributes
    ----------
    values : str
        Dtype of the values, as numpy calls it.
    width : int
        Values in a row, with its zeros.
    """

    values: str = "float32"
    width: int = 0


class SparseFeed(Feed):
    """The feed of a `SparseFed`."""

    def __init__(self, fed: SparseFed, tensor: Any) -> None:
        super().__init__(fed, tensor)
        self._values = np.dtype(fed.values).newbyteorder("<")
        self._width = fed.width

    @property
    def width(self) -> int:
        return self._width

    def rows(self, matrix: Any) -> Any:
        """Do what `Feed.rows` does; takes numbers of shape (n, k), too."""
        if isinstance(matrix, np.ndarray) and matrix.dtype.kind in "biuf":
            if matrix.shape[1] != self._width:
                raise ValueError(
                    f"{self._words} takes {self._width} values a row, but the {self._column} column has "
                    f"{matrix.shape[1]}"
                )
            matrix = np.array([[self._packed(row)] for row in matrix], object)
        return super().rows(matrix)

    def _packed(self, row: np.ndarray) -> bytes:
        places = np.flatnonzero(row)
        return row[places].astype(self._values).tobytes() + places.astype("<i4").tobytes()


def feed_of(fed: Fed, tensor: Any) -> Feed:
    """Return the feed of a column of numbers or strings."""
    return SparseFeed(fed, tensor) if isinstance(fed, SparseFed) else Feed(fed, tensor)


def densely_fed(meta: Any, feds: Sequence[Fed]) -> tuple[Any, tuple[Fed, ...]]:
    """Return a graph, and what feeds it, in which a placeholder of strings stands for each sparse one.

    Parameters
    ----------
    meta : tf.MetaGraphDef
        Returned as it is if nothing of it is sparse.
    feds : sequence of Fed
        The tensor of a sparse one is what the names of its parts begin with, and has no number.

    Raises
    ------
    ValueError
        If a sparse placeholder does not say how long a row is.
    """
    nodes = {node.name: node for node in meta.graph_def.node}
    sparse = [fed for fed in feds if _is_sparse(fed, nodes)]
    if not sparse:
        return meta, tuple(feds)
    replaced: dict[str, Any] = {}
    made: dict[str, Fed] = {}
    graph = tf.Graph()
    with graph.as_default():
        for fed in sparse:
            dtype = tf.as_dtype(nodes[f"{fed.tensor}/values"].attr["dtype"].type)
            width = _width(fed, nodes)
            rows = tf.placeholder(tf.string, [None], name=f"sparkflow_sparse/{fed.tensor}")
            with tf.name_scope("sparkflow_sparse"):
                parts = _taken_apart(rows, dtype, width)
            for part, tensor in parts.items():
                replaced[f"{fed.tensor}/{part}:0"] = tensor
            plain = {field.name: getattr(fed, field.name) for field in fields(Fed)}
            plain |= {"tensor": rows.name, "dtype": STRINGS}
            made[fed.tensor] = SparseFed(**plain, values=dtype.name, width=width)
    metagraph.imported(meta, graph, replaced)
    with graph.as_default():
        return tf.train.export_meta_graph(), tuple(made.get(fed.tensor, fed) for fed in feds)


def by_parts(graph: Any, feds: Sequence[Fed]) -> list[Fed]:
    """Return what feeds a graph, each sparse placeholder as its parts: values, indices and shape.

    So TensorFlow's own signatures have it, which know dense tensors alone.
    """
    names = {op.name for op in graph.get_operations()}
    parts: list[Fed] = []
    for fed in feds:
        if _is_sparse(fed, names):
            each = (f"{fed.tensor}/{part}" for part in ("values", "indices", "shape"))
            parts += [Fed(fed.name, fed.param, f"{name}:0") for name in each if name in names]
        else:
            parts.append(fed)
    return parts


def _is_sparse(fed: Fed, names: Container[str]) -> bool:
    return f"{fed.tensor}/values" in names and f"{fed.tensor}/indices" in names


def _width(fed: Fed, nodes: dict[str, Any]) -> int:
    default = nodes.get(f"{fed.tensor}/shape_default")
    shape = [] if default is None else tf.make_ndarray(default.attr["value"].tensor).tolist()
    if len(shape) != 2 or shape[1] < 1:
        raise ValueError(
            f"{fed.param} '{fed.tensor}' is a sparse placeholder of shape {shape or 'unknown'}: give it the "
            "size of a row, as in tf.sparse_placeholder(tf.float32, [None, 1000])"
        )
    return int(shape[1])


def _taken_apart(rows: Any, dtype: Any, width: int) -> dict[str, Any]:
    """Add what makes the parts of a sparse tensor of packed rows, in which a value takes one word or two."""
    words = tf.io.decode_raw(tf.strings.reduce_join(rows, axis=0), tf.int32)
    long = dtype.size // 4
    counts = tf.strings.length(rows) // (dtype.size + 4)
    total = tf.reduce_sum(counts)
    row = tf.repeat(tf.range(tf.size(counts)), counts)
    within = tf.range(total) - tf.gather(tf.cumsum(counts, exclusive=True), row)
    start = tf.gather(tf.cumsum(counts * (long + 1), exclusive=True), row)
    places = [tf.gather(words, start + within * long + part) for part in range(long)]
    column = tf.gather(words, start + tf.gather(counts, row) * long + within)
    count = tf.cast(tf.size(rows), tf.int64)
    return {
        "values": tf.bitcast(places[0] if long == 1 else tf.stack(places, 1), dtype),
        "indices": tf.cast(tf.stack([row, column], 1), tf.int64),
        "shape": tf.stack([count, tf.constant(width, tf.int64)]),
    }
