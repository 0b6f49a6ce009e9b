"""A TF1-style MetaGraphDef as a `Backend`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sparkflow.backend import lowering, metagraph
from sparkflow.backend.call import Call
from sparkflow.backend.clipping import Clip
from sparkflow.backend.evaluation import Evaluated
from sparkflow.backend.feed import Feed, Tensors, features, labels, sample_weights
from sparkflow.backend.kept import kept
from sparkflow.backend.layout import Layout
from sparkflow.backend.local import LocalOps
from sparkflow.backend.metagraph import Variables
from sparkflow.backend.runtime import session, tf
from sparkflow.backend.seeding import seed_stateful, seed_stateless
from sparkflow.backend.tables import Rows, numbered


class GraphBackend:
    """A graph that is built once, and trained in one session.

    Parameters
    ----------
    graph : str
        MetaGraphDef as JSON text.
    tf_input, tf_label : str or sequence of Fed
        Tensors to feed with the features and the label; no label for unsupervised training.
    regularization_losses : bool
        Add the collection REGULARIZATION_LOSSES to the loss, which is the first of LOSSES.
    seed : int
        Decides the initial weights and, with `round` and `worker`, what the random ops of a step draw.
    threads : int
        Threads of the session.
    tf_output, tf_dropout : str, optional
        What prediction will fetch and feed: not used in training, but refused if it could not work.
    optimizer : (str, mapping), optional
        Name and options of the optimizer of `local_step`; `step` is not for use then.
    tables : bool
        Look for variables that can travel by rows. Where there are `tables`, `rows` and `row_step` are for
        use instead of `step`, and the weights of `start` are without them.
    evaluation : bool
        Whether `evaluate`, or `row_evaluate`, is for use.
    dropout : float
        What `tf_dropout` is fed with there.
    tf_sample_weight : str or sequence of Fed, optional
        Tensor to feed with how much each row counts.
    clip : Clip, optional
        How gradients are cut down to size.
    accumulates : bool
        Whether `step` gives gradients as they are, whose mean `clip` takes.
    metrics : mapping, optional
        Tensors, by name, of one value for each row or for each mini-batch, which `evaluate` computes, too;
        not for a graph that says what it computes.

    Raises
    ------
    ValueError
        If the graph cannot be trained; the message says what to change.
    """

    def __init__(
        self,
        graph: str,
        tf_input: Tensors,
        tf_label: Tensors = None,
        *,
        regularization_losses: bool = False,
        seed: int = 0,
        round: int = 0,
        worker: int = 0,
        threads: int = 1,
        tf_output: str | Sequence[str] | None = None,
        tf_dropout: str | None = None,
        optimizer: tuple[str, Mapping[str, float | bool]] | None = None,
        tables: bool = False,
        evaluation: bool = False,
        dropout: float = 0.0,
        tf_sample_weight: Tensors = None,
        clip: Clip | None = None,
        accumulates: bool = False,
        metrics: Mapping[str, str] | None = None,
    ) -> None:
        self._text = graph
        self._seed = seed
        self._seeds = (seed, round, worker)
        self._segment = 0
        self._threads = threads
        chosen = None if optimizer is None else (optimizer[0], tuple(sorted(optimizer[1].items())))
        fed = (features(tf_input), labels(tf_label), sample_weights(tf_sample_weight))
        key = (
            graph,
            fed,
            regularization_losses,
            tf_output,
            tf_dropout,
            chosen,
            tables,
            evaluation,
            clip,
            accumulates,
            tuple(sorted((metrics or {}).items())),
        )

        def lowered(seeds: tuple[int, ...]) -> lowering.StepGraph:
            return kept(
                key,
                seeds,
                lambda: lowering.lower(
                    metagraph.parse(graph),
                    *fed[:2],
                    regularization_losses,
                    seeds,
                    tf_output,
                    tf_dropout,
                    optimizer,
                    tables,
                    evaluation,
                    fed[2],
                    clip,
                    accumulates,
                    metrics,
                ),
            )

        self._lower = lowered
        self._dropout = dropout
        self._open(lowered(self._seeds))

    def _open(self, lowered: lowering.StepGraph) -> None:
        self._lowered = lowered
        self._session = session(lowered.graph, self._threads)
        feeds = [feed.name for feed in lowered.feeds]
        fetches = [lowered.loss]
        local = lowered.local
        if local is None:
            feeds.insert(0, lowered.weights)
            fetches += lowered.gradient
        else:
            fetches.append(local.apply)
            self._put = Call(self._session, [local.assign], [local.value])
            self._get = Call(self._session, [local.weights], [])
        fetches += lowered.updates
        self._parts = slice(1, 1 + len(lowered.gradient))
        if by_rows := lowered.tables:
            indices = [name for table in by_rows for name in table.indices]
            self._numbers = Call(self._session, indices, feeds[1:])
            feeds += [name for table in by_rows for name in (table.rows, *table.positions)]
        self._step = Call(self._session, fetches, feeds)
        if lowered.clipped:
            self._clip = Call(self._session, lowered.clipped, lowered.gradient)
        if (evaluated := lowered.evaluation) is not None:
            self._constants = [] if evaluated.dropout is None else [self._dropout]
            more = [] if evaluated.dropout is None else [evaluated.dropout]
            self._evaluate = Call(self._session, evaluated.fetches, feeds + more)

    def reseed(self, segment: int) -> bool:
        if self._lowered.draws and segment != self._segment:
            # The first segment's are those of a fit that has no segments.
            seeds = self._seeds if segment == 0 else (*self._seeds, segment)
            # An op that draws keeps its place in its sequence to itself: only a new session sets it.
            self._session.close()
            self._open(self._lower(seeds))
            self._segment = segment
        return self._lowered.draws

    @property
    def layout(self) -> Layout:
        return self._lowered.layout

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(table.name for table in self._lowered.tables)

    def initial(self) -> tuple[np.ndarray, bytes]:
        """See `Backend.initial`. The weights depend on the graph's initializers and the seed only."""
        meta = metagraph.parse(self._text)
        seed_stateful(meta.graph_def, self._seed)
        seed_stateless(meta.graph_def, self._seed)
        graph = metagraph.imported(meta)
        variables = Variables.of(graph)
        with graph.as_default():
            first = graph.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)
            initializers = [v.initializer for v in graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)]
            initializers += [v.initializer for v in variables.trainable]
        with session(graph, self._threads) as sess:
            sess.run(first)
            sess.run(initializers)
            weights, state = sess.run([variables.trainable, variables.state])
        flat = np.concatenate([value.astype(np.float32).reshape(-1) for value in weights])
        return flat, variables.layout.state_of(state)

    @property
    def feeds(self) -> Sequence[Feed]:
        return self._lowered.feeds

    def start(self, weights: np.ndarray, state: bytes | bytearray) -> None:
        self.restore(state)
        if self._lowered.local is None:
            self._session.run(list(self._lowered.initializers), {self._lowered.weights: weights})
        else:
            self._session.run(list(self._lowered.local.initializers))
            self.put(weights)
            self._session.run(list(self._lowered.initializers))

    def step(self, weights: np.ndarray, *batch: np.ndarray) -> tuple[float, list[np.ndarray]]:
        self._check(batch)
        return self._differentiate([weights, *batch], [weights])

    def clip(self, gradient: list[np.ndarray]) -> list[np.ndarray]:
        if not self._lowered.clipped:
            return gradient
        clipped: list[np.ndarray] = self._clip(*gradient)
        return clipped

    def _check(self, batch: Sequence[np.ndarray]) -> None:
        for feed, rows in zip(self._lowered.feeds, batch, strict=True):
            feed.check_batch(len(rows))

    def rows(self, *batch: np.ndarray) -> Rows:
        self._check(batch)
        return numbered(self._lowered.tables, self._numbers(*batch))

    def row_step(
        self, weights: np.ndarray, values: np.ndarray, rows: Rows, *batch: np.ndarray
    ) -> tuple[float, list[np.ndarray]]:
        given = [weights, *batch]
        # The next batch is taken into the memory of this one before the gradient is sent.
        return self._differentiate([*given, *self._row_feeds(values, rows)], [*given, values])

    def _row_feeds(self, values: np.ndarray, rows: Rows) -> list[np.ndarray]:
        feeds: list[np.ndarray] = []
        start, positions = 0, iter(rows.positions)
        for table, count in zip(self._lowered.tables, rows.counts, strict=True):
            end = start + count * table.width
            feeds.append(values[start:end].reshape(count, *table.shape[1:]))
            feeds += [next(positions) for _ in table.positions]
            start = end
        return feeds

    def evaluate(self, weights: np.ndarray | None, *batch: np.ndarray) -> Evaluated:
        self._check(batch)
        return self._evaluated([*batch] if weights is None else [weights, *batch])

    def row_evaluate(
        self, weights: np.ndarray, values: np.ndarray, rows: Rows, *batch: np.ndarray
    ) -> Evaluated:
        return self._evaluated([weights, *batch, *self._row_feeds(values, rows)])

    def _evaluated(self, feeds: list[Any]) -> Evaluated:
        evaluation = self._lowered.evaluation
        if evaluation is None:
            raise ValueError("there is nothing to evaluate: it was made without evaluation")
        loss, *parts = (float(value) for value in self._evaluate(*feeds, *self._constants))
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return Evaluated(
            loss, {name: pair for (name, *_), pair in zip(evaluation.metrics, pairs, strict=True)}
        )

    def _differentiate(
        self, feeds: Sequence[np.ndarray], borrowed: Sequence[np.ndarray]
    ) -> tuple[float, list[np.ndarray]]:
        """Return the loss and a gradient that has no memory of what is `borrowed`."""
        fetched = self._step(*feeds)
        # TensorFlow feeds aligned arrays and returns results without copying: the gradient of a loss that is
        # a sum of squares may be the very memory of the weights.
        gradient = [
            part.copy() if any(np.may_share_memory(part, array) for array in borrowed) else part
            for part in fetched[self._parts]
        ]
        return float(fetched[0]), gradient

    def local_step(self, *batch: np.ndarray) -> float:
        self._check(batch)
        fetched = self._step(*batch)
        return float(fetched[0])

    def put(self, weights: np.ndarray) -> None:
        self._local()
        self._put(weights)

    def get(self) -> np.ndarray:
        self._local()
        weights: np.ndarray
        (weights,) = self._get()
        return weights

    def _local(self) -> LocalOps:
        if self._lowered.local is None:
            raise ValueError("the weights do not live in this session: it was made without an optimizer")
        return self._lowered.local

    def state(self) -> bytes:
        return self.layout.state_of(self._lowered.state.read(self._session))

    def decay(self) -> np.ndarray:
        decay: np.ndarray = self._session.run(self._lowered.decay)
        return decay

    def restore(self, state: bytes | bytearray) -> None:
        self._lowered.state.write(self._session, self.layout.state_views(state))

    def close(self) -> None:
        self._session.close()
