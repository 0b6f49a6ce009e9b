"""A trained graph as a function from rows to outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sparkflow.backend import metagraph
from sparkflow.backend.call import Call
from sparkflow.backend.feed import Tensors, features
from sparkflow.backend.layout import Layout
from sparkflow.backend.sparse import densely_fed, feed_of
from sparkflow.backend.trained import trained


class GraphPredictor:
    """The user's graph as it is, with trained weights and state, in one session.

    Parameters
    ----------
    graph : str
        MetaGraphDef as JSON text.
    layout : Layout
        What `weights` and `state` are made of; must be the graph's own.
    weights : numpy.ndarray
        float32, one dimension.
    state : bytes-like
        Laid out as `layout` says.
    tf_input : str or sequence of Fed
        Tensors to feed with rows.
    tf_output : str or sequence of str
        Tensors to fetch.
    tf_dropout : str, optional
        A tensor to feed with `dropout`.
    dropout : float
        1 if the graph's dropout takes the share to keep, 0 if it takes the share to drop.
    batch : int
        Rows through the graph at once, which bounds the memory of activations; a fixed first dimension of
        `tf_input` wins over it.
    threads : int
        Threads of the session.
    """

    def __init__(
        self,
        graph: str,
        layout: Layout,
        weights: np.ndarray,
        state: bytes | memoryview,
        tf_input: Tensors,
        tf_output: str | Sequence[str],
        tf_dropout: str | None = None,
        dropout: float = 0.0,
        batch: int = 1024,
        threads: int = 1,
    ) -> None:
        meta, inputs = densely_fed(metagraph.parse(graph), features(tf_input))
        imported = metagraph.imported(meta)
        self._names = metagraph.names(tf_output)
        self._param = metagraph.output_param(tf_output)
        fed, outputs = metagraph.prediction(imported, inputs, tf_output, tf_dropout)
        self._feeds = [feed_of(one, tensor) for one, tensor in zip(inputs, fed, strict=False)]
        self._batch = next((feed.batch for feed in self._feeds if feed.batch), batch)
        self._extra: list[np.ndarray] = []
        if tf_dropout is not None:
            rate = fed[-1]
            shape = rate.shape.as_list() if rate.shape.is_fully_defined() else []
            self._extra.append(np.full(shape, dropout, rate.dtype.as_numpy_dtype))
        self._closed = False
        self._session = trained(imported, layout, weights, state, threads)
        imported.finalize()
        self._run = Call(self._session, [output.name for output in outputs], [tensor.name for tensor in fed])

    @property
    def widths(self) -> list[int | None]:
        """Values of a row of each of `tf_input`; None where the graph does not fix it."""
        return [feed.width for feed in self._feeds]

    def __call__(self, *columns: Any) -> np.ndarray:
        """Return the first of what `all` does."""
        return self.all(*columns)[0]

    def all(self, *columns: Any) -> list[np.ndarray]:
        """Return float64 of shape (n, values of a row), one for each output.

        The columns are of shape (n, k), n > 0, one for each of `tf_input`: numbers, or strings if it takes
        such.

        Raises
        ------
        RuntimeError
            After `close`.
        ValueError
            If the rows do not fit the input, or the output is not one value or array for each row.
        """
        if self._closed:
            raise RuntimeError("the predictor is closed: load it again, or leave close() to the end")
        inputs = [feed.rows(rows) for feed, rows in zip(self._feeds, columns, strict=True)]
        starts = range(0, len(inputs[0]), self._batch)
        batches = [self._outputs([rows[start : start + self._batch] for rows in inputs]) for start in starts]
        if len(batches) == 1:
            return batches[0]
        return [np.concatenate(parts) for parts in zip(*batches, strict=True)]

    def close(self) -> None:
        self._closed = True
        self._session.close()

    def _outputs(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        count = len(inputs[0])
        for feed in self._feeds:
            feed.check_batch(count)
        outputs = self._run(*inputs, *self._extra)
        for name, output in zip(self._names, outputs, strict=True):
            if output.ndim == 0 or len(output) != count:
                raise ValueError(
                    f"{self._param} '{name}' gave an array of shape {output.shape} for {count} rows: "
                    "it must have one entry a row"
                )
        return [output.reshape(count, -1).astype(np.float64) for output in outputs]
