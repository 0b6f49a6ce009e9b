"""A program that trains until there is a checkpoint and is killed then, Python and JVM at once.

It must be the leader of its process group. Argument: the checkpointDir.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

import graphs
from conftest import JAR, two_classes, uneven
from estimators import estimator


def data(spark: SparkSession) -> DataFrame:
    """The same rows in the same two partitions, in every process."""
    rows = two_classes(dimensions=2, rows=300)
    return uneven(spark.createDataFrame(rows, ["label", "features"]).coalesce(1), 200, 100)


def net(directory: Path, **changes: Any) -> Any:
    """7 updates an iteration, so that checkpoints lie within iterations."""
    settings = {"mode": "sync", "iters": 8, "checkpointInterval": 5, "checkpointDir": str(directory)}
    return estimator(tensorflowGraph=graphs.noisy(), **{**settings, **changes})


def killer(directory: Path) -> Callable[[float, int, int], None]:
    def kill(loss: float, iteration: int, partition: int) -> None:
        if list(directory.glob("step-*")):
            os.killpg(os.getpgid(0), signal.SIGKILL)

    return kill


def main(directory: Path) -> None:
    builder = SparkSession.builder.master("local[2]").config("spark.jars", str(JAR))
    builder = builder.config("spark.python.daemon.module", "sparkflow.daemon")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    net(directory, loss_callback=killer(directory)).fit(data(spark))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
