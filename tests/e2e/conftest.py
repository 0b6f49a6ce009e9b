"""End-to-end tests: a real SparkSession with target/sparkflow.jar, real TensorFlow in its Python workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyspark
import pytest
from pyspark.ml.linalg import DenseVector, Vectors
from pyspark.sql import DataFrame, SparkSession

ROOT = Path(__file__).parents[2]
# What differs from Spark to Spark is tested on both; what takes long and does not, on the oldest.
OLDEST = pyspark.__version__.startswith("4.1.")
oldest_only = pytest.mark.skipif(
    not OLDEST, reason="runs on the oldest Spark: nothing in it differs by Spark"
)


def first_everywhere(values: Iterable[Any]) -> list[Any]:
    """Values to parametrize with, of which the newest Spark gets the first alone."""
    first, *rest = values
    return [first, *(pytest.param(value, marks=oldest_only) for value in rest)]


JAR = ROOT / "target" / "sparkflow.jar"
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def uneven(data: DataFrame, *counts: int) -> DataFrame:
    """The first rows of `data`, so many in each partition."""
    rows = [tuple(row) for row in data.collect()]
    ends = np.cumsum(counts)
    session, context = data.sparkSession, data.sparkSession.sparkContext
    parts = [context.parallelize(rows[end - count : end], 1) for count, end in zip(counts, ends, strict=True)]
    return session.createDataFrame(context.union(parts), data.schema)


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("event-log")


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of two task slots: here or, with SPARKFLOW_TEST_MASTER=standalone, in a cluster of processes."""
    wanted = os.environ.get("SPARKFLOW_TEST_MASTER", "local[2]")
    if wanted != "standalone":
        yield wanted
        return
    from faults.cluster import Cluster

    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def spark(event_log: Path, master: str) -> Iterator[SparkSession]:
    if not JAR.exists():
        pytest.exit(f"{JAR} is missing: run dev/setup first", returncode=2)
    session = (
        SparkSession.builder.master(master)
        .appName("sparkflow-e2e")
        .config("spark.jars", str(JAR))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "3g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executor.memory", "700m")
        # Each worker is seconds faster; what spark-submit starts runs with Spark's own daemon.
        .config("spark.python.daemon.module", "sparkflow.daemon")
        .config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", event_log.as_uri())
        .config("spark.eventLog.compress", "false")
        .config("spark.sql.shuffle.partitions", "4")
        # Code that does not compile is an error, and no fall back to the slow way.
        .config("spark.sql.codegen.fallback", "false")
        .config("spark.sql.codegen.factoryMode", "CODEGEN_ONLY")
        .config("spark.sql.warehouse.dir", str(ROOT / "target" / "warehouse"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    wanted = os.environ.get("SPARKFLOW_TEST_PYSPARK")
    assert wanted in (None, session.version), f"asked for Spark {wanted}, got {session.version}"
    yield session
    session.stop()


def two_classes(dimensions: int, rows: int, seed: int = 7) -> list[tuple[float, DenseVector]]:
    """Label and point: N(0, 1) and N(2, 1) in each dimension, label 0 and 1."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    points = random.normal(2.0 * labels[:, None], 1.0, (rows, dimensions))
    return [(float(label), Vectors.dense(point)) for label, point in zip(labels, points, strict=True)]


def overlapping(
    spark: SparkSession, dimensions: int = 2, rows: int = 400, partitions: int = 2, seed: int = 7
) -> DataFrame:
    data = two_classes(dimensions, rows, seed)
    # On a cluster, what repartition brings together comes in another order each time.
    return spark.createDataFrame(data, ["label", "features"]).repartition(partitions).cache()


def ids_and_targets(spark: SparkSession) -> DataFrame:
    """40 rows for `graphs.embedding`."""
    random = np.random.default_rng(3)
    rows = [
        (Vectors.dense(random.integers(0, 50, 4).astype(float)), Vectors.dense(random.normal(0, 1, 2)))
        for _ in range(40)
    ]
    return spark.createDataFrame(rows, ["features", "label"])


@pytest.fixture(scope="session")
def gaussians(spark: SparkSession) -> Callable[..., DataFrame]:
    return partial(overlapping, spark)
