"""The estimator that the end-to-end tests fit."""

from __future__ import annotations

import graphs
from sparkflow.ml import SparkAsyncDL


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
