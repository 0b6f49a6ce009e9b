"""A session in which a graph's variables hold trained values."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparkflow.backend.access import Access
from sparkflow.backend.layout import Layout
from sparkflow.backend.metagraph import Variables
from sparkflow.backend.runtime import session, tf


def trained(
    graph: Any, layout: Layout, weights: np.ndarray, state: bytes | memoryview, threads: int = 1
) -> Any:
    """Return a session on `graph`, with everything initialized.

    Parameters
    ----------
    graph : tf.Graph
        With its collections; ops are added.
    layout : Layout
        What `weights` (float32, one dimension) and `state` are made of.

    Raises
    ------
    ValueError
        The layout is not the graph's.
    """
    variables = Variables.of(graph)
    difference = variables.layout.difference(layout)
    if difference is not None:
        raise ValueError(f"the model's weights do not belong to its graph: {difference}")
    with graph.as_default():
        values = Access([*variables.trainable, *variables.state])
        initializers = [v.initializer for v in variables.other]
        initializers += graph.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)
    started = session(graph, threads)
    values.write(started, [*layout.weight_views(weights), *layout.state_views(state)])
    started.run(initializers)
    return started
