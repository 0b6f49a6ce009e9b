"""The estimator that the end-to-end tests fit, how well it does, and whether two fits come to the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyspark.sql import DataFrame

import graphs
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel


def estimator(**changes: object) -> SparkAsyncDL:
    """Of `graphs.classifier`, for the fixture `gaussians`."""
    params = {
        "inputCol": "features",
        "labelCol": "label",
        "tensorflowGraph": graphs.classifier(),
        "tfInput": "x:0",
        "tfLabel": "y:0",
        "tfOutput": "outer/Sigmoid:0",
        "tfLearningRate": 0.05,
        "iters": 20,
        "miniBatchSize": 32,
        "partitions": 2,
        "seed": 3,
    }
    return SparkAsyncDL(**{**params, **changes})


def accuracy(model: Any, data: DataFrame) -> float:
    """The share of rows whose label, 0 or 1, a fitted model or pipeline predicts."""
    rows = model.transform(data).select("label", "predicted").collect()
    return float(np.mean([(r["predicted"] >= 0.5) == (r["label"] == 1.0) for r in rows]))


def assert_equal_bits(one: SparkAsyncDLModel, other: SparkAsyncDLModel) -> None:
    for a, b in zip(_values(one), _values(other), strict=True):
        np.testing.assert_array_equal(a, b)


def _values(model: SparkAsyncDLModel) -> list[np.ndarray]:
    return [*model.get_weights(), *model.get_state().values()]
