"""What a graph computes of rows that are held out: a loss and, if it says so, metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The collection that holds, as JSON, the tensors of `describe`. Without it the loss is that of training.
COLLECTION = "sparkflow_evaluation"


def describe(loss: str, metrics: Mapping[str, tuple[str, str]]) -> str:
    """Return what belongs into the collection.

    Parameters
    ----------
    loss : str
        Tensor, float32, of shape []: the mean of a batch.
    metrics : mapping
        By name, two tensors of shape []: a batch's part of the total and of the count whose quotient it is.
    """
    return json.dumps({"loss": loss, "metrics": metrics})


@dataclass(frozen=True)
class Evaluation:
    """Names of tensors.

    Attributes
    ----------
    loss : str
    metrics : tuple of (str, str, str)
        Name, total and count.
    dropout : str, optional
        To be fed with what `toKeepDropout` says.
    """

    loss: str
    metrics: tuple[tuple[str, str, str], ...] = ()
    dropout: str | None = None

    @classmethod
    def of(cls, graph: Any) -> Evaluation | None:
        """Return what the graph itself says, if it does."""
        found = graph.get_collection(COLLECTION)
        if not found:
            return None
        named = json.loads(found[0])
        return cls(named["loss"], tuple((name, *pair) for name, pair in named["metrics"].items()))

    @property
    def fetches(self) -> list[str]:
        return [self.loss, *(tensor for _, *pair in self.metrics for tensor in pair)]


@dataclass(frozen=True)
class Evaluated:
    """What comes out for some rows.

    Attributes
    ----------
    loss : float
        Their mean.
    metrics : dict
        By name, the total and the count.
    """

    loss: float
    metrics: dict[str, tuple[float, float]]
