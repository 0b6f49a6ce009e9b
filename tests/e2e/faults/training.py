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

ITERS, BATCH, ROWS = 30, 32, (250, 150)
STEPS = [ITERS * ceil(rows / BATCH) for rows in ROWS]


class Training:
    """Of two partitions, in any mode.

    In the modes locked and ssp the rows of partition p are the unit vector p, so that weight p counts the
    gradients of worker p that were applied. In sync the model must be that of a fit without a fault, to the
    bit. In hogwild, whose updates may overwrite each other, the server's count and the accuracy must be right.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._units = _units(spark)
        self._classes = uneven(overlapping(spark, rows=sum(ROWS)), *ROWS)
        self._undisturbed: list[np.ndarray] | None = None

    def fit(self, mode: str, **changes: object) -> SparkAsyncDLModel:
        params: dict[str, Any] = {"iters": ITERS, "miniBatchSize": BATCH, "mode": mode, **changes}
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

    def check(self, model: SparkAsyncDLModel) -> None:
        """Assert that each gradient was applied, once."""
        summary = model.summary
        assert summary.steps == (max(STEPS) if summary.mode == "sync" else sum(STEPS))
        assert summary.samples == ITERS * sum(ROWS)
        assert summary.partitionRows == list(ROWS)
        if summary.mode in ("locked", "ssp"):
            assert model.get_weights()[0].ravel().tolist() == [-count for count in STEPS]
        elif summary.mode == "sync":
            if self._undisturbed is None:
                self._undisturbed = self.fit("sync").get_weights()
            for one, other in zip(self._undisturbed, model.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)
        else:
            assert accuracy(model, self._classes) >= 0.86


def _units(spark: SparkSession) -> DataFrame:
    rows = [
        (Vectors.dense(np.eye(len(ROWS))[partition]),)
        for partition, count in enumerate(ROWS)
        for _ in range(count)
    ]
    return uneven(spark.createDataFrame(rows, ["features"]).coalesce(1), *ROWS)
