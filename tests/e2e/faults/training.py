"""Fits that tell, when they have ended, whether each gradient was applied once."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

import graphs
from conftest import overlapping, uneven
from estimators import accuracy, estimator
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

BATCH, ROWS = 32, (250, 150)


class Training:
    """Of two partitions, in any mode.

    In the modes locked and ssp the rows of partition p are the unit vector p, so that weight p counts the
    gradients of worker p that were applied. In sync the model must be that of a fit without a fault, to the
    bit. In hogwild, whose updates may overwrite others, the server's count and the accuracy must be right.
    """

    def __init__(self, spark: SparkSession, iters: int = 30) -> None:
        self._iters = iters
        self._steps = [iters * ceil(rows / BATCH) for rows in ROWS]
        self._units = _units(spark)
        self._classes = uneven(overlapping(spark, rows=sum(ROWS)), *ROWS)
        self._undisturbed: list[np.ndarray] | None = None

    def fit(self, mode: str, **changes: object) -> SparkAsyncDLModel:
        params: dict[str, Any] = {"iters": self._iters, "miniBatchSize": BATCH, "mode": mode, **changes}
        if mode in ("locked", "ssp"):
            net = SparkAsyncDL(
                inputCol="features",
                tensorflowGraph=graphs.counter(len(ROWS)),
                tfInput="x:0",
                tfOutput="out:0",
                tfOptimizer="gradient_descent",
                tfLearningRate=1.0,
                partitions=len(ROWS),
                **params,
            )
            return net.fit(self._units)
        return estimator(**params).fit(self._classes)

    def excess(self, model: SparkAsyncDLModel) -> list[int]:
        """By how many gradients more were applied than were to be: of each worker where that can be told."""
        summary = model.summary
        if summary.mode in ("locked", "ssp"):
            applied = (-model.get_weights()[0].ravel()).tolist()
            return [round(found) - expected for found, expected in zip(applied, self._steps, strict=True)]
        return [summary.steps - (max(self._steps) if summary.mode == "sync" else sum(self._steps))]

    def check(self, model: SparkAsyncDLModel) -> None:
        """Assert that each gradient was applied, once, and the model is what it should be."""
        summary = model.summary
        assert not any(self.excess(model)), self.excess(model)
        assert summary.samples == self._iters * sum(ROWS)
        assert summary.partitionRows == list(ROWS)
        history = summary.history.orderBy("iteration").collect()
        assert [row.samples for row in history] == self._iters * [sum(ROWS)]
        if summary.mode == "sync":
            if self._undisturbed is None:
                self._undisturbed = self.fit("sync").get_weights()
            for one, other in zip(self._undisturbed, model.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)
        elif summary.mode == "hogwild":
            assert accuracy(model, self._classes) >= 0.86


def _units(spark: SparkSession) -> DataFrame:
    rows = [
        (Vectors.dense(np.eye(len(ROWS))[partition]),)
        for partition, count in enumerate(ROWS)
        for _ in range(count)
    ]
    return uneven(spark.createDataFrame(rows, ["features"]).coalesce(1), *ROWS)
