"""A fitted model on the driver, as something that can be taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from sparkflow.backend import metagraph
from sparkflow.backend.feed import Tensors, features
from sparkflow.backend.layout import Layout
from sparkflow.backend.pretrained.extract import extracted
from sparkflow.backend.pretrained.function import Function, Port
from sparkflow.backend.pretrained.opened import port_of
from sparkflow.backend.runtime import tf
from sparkflow.backend.sparse import by_parts
from sparkflow.backend.trained import trained


@dataclass(frozen=True)
class Fitted:
    """A fitted model, as `GraphPredictor` takes it."""

    graph: str
    layout: Layout
    weights: np.ndarray
    state: bytes
    tf_input: Tensors
    tf_output: str | Sequence[str]  # one, or several
    tf_dropout: str | None = None
    dropout: float = 0.0

    def function(self) -> Function:
        """What it computes; raises ValueError if that needs more than variables and lookup tables."""
        with self._session() as (session, sources, outputs):
            trainable = {variable.name: True for variable in self.layout.weights}
            return extracted(session, sources, outputs, trainable, self.words)

    @property
    def words(self) -> str:
        """What comes out, for messages."""
        named = ", ".join(map(repr, metagraph.names(self.tf_output)))
        return f"{metagraph.output_param(self.tf_output)} {named}"

    @contextmanager
    def _session(self) -> Iterator[tuple[Any, list[Port], list[Port]]]:
        """A session that predicts, and what goes in and comes out; dropout is off for good."""
        meta = metagraph.parse(self.graph)
        graph = tf.Graph()
        constants = {}
        if self.tf_dropout is not None:
            rate = metagraph.tensor(metagraph.imported(meta), "tfDropout", self.tf_dropout)
            shape = rate.shape.as_list() if rate.shape.is_fully_defined() else []
            with graph.as_default():
                constants[rate.name] = tf.fill(shape, tf.cast(self.dropout, rate.dtype))
        metagraph.imported(meta, graph, constants)
        inputs = by_parts(graph, features(self.tf_input))
        fed, outputs = metagraph.prediction(graph, inputs, self.tf_output, None)
        with trained(graph, self.layout, self.weights, self.state) as session:
            yield session, [*map(port_of, fed)], [*map(port_of, outputs)]
