"""Graphs that are lowered already: what one fit leaves to the next in a worker process that Spark reuses.

Only the graph is kept, which is some megabytes; a session would keep the weights, too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from sparkflow.backend.lowering import StepGraph
from sparkflow.backend.recent import Recent

# A worker serves one model after the other, or a few in turns, as in a search for the best one.
_graphs: Recent[Hashable, StepGraph] = Recent(4)


def kept(key: Hashable, seeds: Sequence[int], lower: Callable[[], StepGraph]) -> StepGraph:
    """Return the graph of `key` if there is one that depends on no other `seeds`, else what `lower` makes.

    Parameters
    ----------
    key : hashable
        Everything that the graph depends on but the seeds.
    """
    graph = _graphs.find(key)
    if graph is None or graph.seeds not in ((), tuple(seeds)):
        graph = lower()
        _graphs.keep(key, graph)
    return graph
