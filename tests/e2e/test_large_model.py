"""Models beyond what an array of bytes holds. Takes minutes, and 20 GiB, so only on request, and with nothing
else on a machine of 24:

SPARKFLOW_TEST_LARGE=1 .venv/bin/python -m pytest tests/e2e/test_large_model.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow
import tensorflow.compat.v1 as tf
from pyspark import SparkContext
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

import sparkflow
from conftest import JAR
from sparkflow.graph_utils import build_graph
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

pytestmark = pytest.mark.skipif(
    "SPARKFLOW_TEST_LARGE" not in os.environ, reason="takes minutes and 20 GiB: set SPARKFLOW_TEST_LARGE=1"
)

ROWS, COLUMNS = 270_000, 2_000  # float32 each: 2.16 GB
WIDE = 10_000  # squared, 100 M


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    if SparkContext._active_spark_context is not None:
        pytest.skip("needs a driver of its own: run this file alone")
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", str(JAR))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "9g")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


def wide() -> tf.Tensor:
    """100 M weights, of which a row of x with one 1 moves WIDE."""
    x = tf.placeholder(tf.float32, [None, WIDE], name="x")
    w = tf.get_variable("w", [WIDE, WIDE], initializer=tf.zeros_initializer())
    out = tf.matmul(x, w, name="out")
    return tf.reduce_sum(out) / tf.cast(tf.shape(x)[0], tf.float32)


def units(spark: SparkSession, partitions: int) -> DataFrame:
    rows = [(Vectors.sparse(WIDE, [row], [1.0]),) for row in range(partitions)]
    return spark.createDataFrame(spark.sparkContext.parallelize(rows, partitions), ["features"])


@pytest.mark.parametrize("transport", ["tcp", "shm"])
def test_four_hundred_megabytes_train_with_two_workers(spark: SparkSession, transport: str) -> None:
    model = SparkAsyncDL(
        inputCol="features",
        tensorflowGraph=build_graph(wide),
        tfInput="x:0",
        tfOutput="out:0",
        tfOptimizer="gradient_descent",
        tfLearningRate=1.0,
        mode="locked",
        iters=3,
        partitions=2,
        transport=transport,
    ).fit(units(spark, 2))
    (weights,) = model.get_weights()
    # Worker p's only row is the unit vector p: its 3 steps make that row of w -3.
    assert (weights[:2] == -3).all()
    assert not weights[2:].any()
    vectors = model.summary.bytesReceived / (4 * WIDE**2)
    # The first weights come in a frame; so do the 6 gradients, unless they are in shared memory.
    assert round(vectors, 2) == (1 if transport == "shm" else 7)


def table() -> tf.Tensor:
    """Row r of the table is r / ROWS; out:0 is the mean of the row that x names."""
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    values = tf.broadcast_to(tf.range(float(ROWS))[:, None] / ROWS, [ROWS, COLUMNS])
    rows = tf.get_variable("rows", initializer=values)
    row = tf.nn.embedding_lookup(rows, tf.cast(x[:, 0], tf.int32))
    out = tf.reduce_mean(row, 1, keepdims=True, name="out")
    return tf.reduce_mean(tf.square(out - y)) * COLUMNS


def test_more_than_two_gigabytes_train_predict_save_and_load(spark: SparkSession, tmp_path: Path) -> None:
    ids = [0, 1, ROWS // 2, ROWS - 2, ROWS - 1]
    data = spark.createDataFrame([(float(i), i / ROWS + 1.0) for i in ids], ["id", "label"]).coalesce(1)
    model = SparkAsyncDL(
        inputCol="id",
        labelCol="label",
        tensorflowGraph=build_graph(table),
        tfInput="x:0",
        tfLabel="y:0",
        tfOutput="out:0",
        tfOptimizer="gradient_descent",
        tfLearningRate=0.5 * len(ids),
        predictionCol="out",
        iters=1,
        partitions=1,
        miniBatchSize=len(ids),
    ).fit(data)

    def check(fitted: SparkAsyncDLModel) -> None:
        rows = fitted.transform(data).collect()
        assert [row.id for row in rows] == ids
        # One step from r / ROWS, all of the way to the label.
        np.testing.assert_allclose([row.out for row in rows], [row.label for row in rows], rtol=1e-5)
        others = spark.createDataFrame([(2.0,), (float(ROWS - 3),)], ["id"])
        found = [row.out for row in fitted.transform(others).collect()]
        np.testing.assert_allclose(found, [2 / ROWS, (ROWS - 3) / ROWS], rtol=1e-5)

    check(model)
    path = tmp_path / "model"
    model.save(str(path))
    assert (path / "data" / "weights.bin").stat().st_size == 4 * ROWS * COLUMNS
    del model
    spark.sparkContext._jvm.System.gc()  # type: ignore[union-attr]
    check(SparkAsyncDLModel.load(str(path)))
    loaded = SparkAsyncDLModel.load(str(path))
    loaded.save_tensorflow(str(tmp_path / "taken-out"))
    serve = tensorflow.saved_model.load(str(tmp_path / "taken-out")).signatures["serving_default"]
    out = serve(x=tensorflow.constant([[float(ROWS - 3)]]))["out"]
    np.testing.assert_allclose(out, (ROWS - 3) / ROWS, rtol=1e-5)
    with pytest.raises(ValueError, match="2 GB at most: use format='saved_model'"):
        loaded.save_tensorflow(str(tmp_path / "frozen.pb"), format="graph")
    del loaded, serve
    with sparkflow.load_predictor(path) as predictor:
        np.testing.assert_allclose(predictor.predict([[float(ROWS - 3)]]), (ROWS - 3) / ROWS, rtol=1e-5)
