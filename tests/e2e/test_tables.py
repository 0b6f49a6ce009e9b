"""Embedding tables that travel by rows."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

import graphs
from conftest import oldest_only
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

ROWS, BATCH, ITERATIONS = 60, 8, 6
RATES = {"adam": 0.05, "momentum": 0.02, "gradient_descent": 0.1}


def ids() -> np.ndarray:
    # Some ids are rare, and those from 40 on are not there at all.
    return np.minimum(np.random.default_rng(3).geometric(0.1, (ROWS, 4)), 40) - 1


def labels() -> np.ndarray:
    """What another model of the same kind says."""
    random = np.random.default_rng(4)
    table, kernel = random.normal(0, 0.5, (50, 3)), random.normal(0, 0.5, (3, 2))
    return (table[ids()].sum(1) @ kernel).astype(np.float32)


def start() -> list[np.ndarray]:
    random = np.random.default_rng(5)
    return [random.normal(0, 0.5, shape).astype(np.float32) for shape in ((50, 3), (3, 2))]


@pytest.fixture(scope="module")
def data(spark: SparkSession) -> DataFrame:
    rows = [
        (Vectors.dense(x.astype(float)), Vectors.dense(y.astype(float)))
        for x, y in zip(ids(), labels(), strict=True)
    ]
    return spark.createDataFrame(rows, ["features", "label"]).coalesce(1).cache()


def fit(data: DataFrame, optimizer: str, **changes: object) -> SparkAsyncDLModel:
    params = {
        "inputCol": "features",
        "labelCol": "label",
        "tensorflowGraph": graphs.embedding(),
        "tfInput": "x:0",
        "tfLabel": "y:0",
        "tfOutput": "pred:0",
        "tfOptimizer": optimizer,
        "tfLearningRate": RATES[optimizer],
        "iters": ITERATIONS,
        "miniBatchSize": BATCH,
        "shufflePerIter": False,
        "partitions": 1,
        "mode": "locked",
        "initialWeights": start(),
    }
    return SparkAsyncDL(**{**params, **changes}).fit(data)


def plain_tensorflow(optimizer: str) -> list[np.ndarray]:
    """Return the weights that TensorFlow's own optimizer comes to, in a session of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        loss = graphs.embedding_function()
        rate = RATES[optimizer]
        rule = {"adam": tf.train.AdamOptimizer(rate), "momentum": tf.train.MomentumOptimizer(rate, 0.9)}
        gradients = rule[optimizer].compute_gradients(loss)
        assert isinstance(gradients[0][0], tf.IndexedSlices)
        step = rule[optimizer].apply_gradients(gradients)
        session.run(tf.global_variables_initializer())
        for variable, value in zip(tf.trainable_variables(), start(), strict=True):
            variable.load(value, session)
        for _ in range(ITERATIONS):
            for first in range(0, ROWS, BATCH):
                batch = slice(first, first + BATCH)
                session.run(step, {"x:0": ids()[batch], "y:0": labels()[batch]})
        return list(session.run(tf.trainable_variables()))


@oldest_only
@pytest.mark.parametrize("transport", ["tcp", "auto"])
@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_one_locked_worker_equals_tensorflows_sparse_updates(
    data: DataFrame, optimizer: str, transport: str
) -> None:
    ours = fit(data, optimizer, transport=transport).get_weights()
    for mine, theirs in zip(ours, plain_tensorflow(optimizer), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)


@oldest_only
def test_rows_and_whole_tables_learn_the_same_by_gradient_descent(data: DataFrame) -> None:
    rows, whole = (
        fit(data, "gradient_descent", sparseTables=sparse).get_weights() for sparse in (True, False)
    )
    for one, other in zip(rows, whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert not np.allclose(rows[0], start()[0])


@oldest_only
@pytest.mark.parametrize("compression", ["bf16", "int8"])
def test_compression_beside_rows(data: DataFrame, compression: str) -> None:
    plain, encoded = (
        fit(data, "gradient_descent", transport="tcp", compression=name).get_weights()
        for name in ("none", compression)
    )
    for one, other in zip(plain, encoded, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05)
    assert not np.array_equal(plain[1], encoded[1])


@oldest_only
def test_whole_tables_decay_momentum_that_rows_keep(data: DataFrame) -> None:
    rows, whole = (fit(data, "momentum", sparseTables=sparse).get_weights() for sparse in (True, False))
    assert not np.allclose(rows[0], whole[0], atol=1e-3)


def test_two_workers_that_start_from_the_graph_and_a_model_that_predicts(data: DataFrame) -> None:
    model = fit(
        data.repartition(2), "adam", partitions=2, mode="hogwild", initialWeights=None, iters=150, seed=2
    )
    found = model.transform(data).select(vector_to_array("predicted"), vector_to_array("label")).collect()
    predicted, wanted = np.array([list(row) for row in found]).swapaxes(0, 1)
    assert np.mean((predicted - wanted) ** 2) < 0.5 * np.mean(wanted**2)


def test_an_id_that_is_no_row_is_named(spark: SparkSession) -> None:
    rows = [(Vectors.dense([1.0, 2.0, 50.0, 3.0]), Vectors.dense([0.0, 1.0]))]
    with pytest.raises(Exception, match="row 50 of 'table', which has rows 0 to 49"):
        fit(spark.createDataFrame(rows, ["features", "label"]), "adam")
