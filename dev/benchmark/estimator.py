"""SparkFlow's side of a fit."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from pyspark.sql import DataFrame

from benchmark.nets import NETS
from sparkflow.graph_utils import build_graph
from sparkflow.ml import SparkAsyncDL


def estimator(net: str = "mnist", **params: Any) -> SparkAsyncDL:
    """An estimator of one of the nets for `benchmark.spark.mnist`; `params` are added or take precedence."""
    usual = {"tfLearningRate": 0.001, "miniBatchSize": 300, "partitions": 2, "seed": 1}
    return SparkAsyncDL(
        inputCol="features",
        labelCol="labels",
        tensorflowGraph=_graph(net),
        tfInput="x:0",
        tfLabel="y:0",
        tfOutput="out:0",
        **{**usual, **params},
    )


def iteration_ends(net: SparkAsyncDL, data: DataFrame) -> list[list[float]]:
    """Fit; return for each partition the seconds at which the driver heard that it ended an iteration."""
    ends: dict[int, list[float]] = {}

    def ended(_loss: float, _iteration: int, partition: int) -> None:
        ends.setdefault(partition, []).append(time.monotonic())

    net.setLossCallback(ended).fit(data)
    return list(ends.values())


@cache
def _graph(net: str) -> str:
    return build_graph(NETS[net])
