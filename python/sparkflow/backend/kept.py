"""Graphs that are lowered already: what one fit leaves to the next in a worker process that Spark reuses.

Only the graph is kept, which is some megabytes; a session would keep the weights, too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from sparkflow.backend.lowering import StepGraph

# A worker serves one model after the other, or a few in turns, as in a search for the best one.
_KEPT = 4
_graphs: OrderedDict[Hashable, StepGraph] = OrderedDict()


def kept(key: Hashable, seeds: Sequence[int], lower: Callable[[], StepGraph]) -> StepGraph:
    """Return the graph of `key` if there is one that depends on no other `seeds`, else what `lower` makes.

    Parameters
    ----------
    key : hashable
        Everything that the graph depends on but the seeds.
    """
    graph = _graphs.get(key)
    if graph is None or graph.seeds not in ((), tuple(seeds)):
        graph = lower()
        _graphs[key] = graph
        while len(_graphs) > _KEPT:
            _graphs.popitem(last=False)
    _graphs.move_to_end(key)
    return graph
