"""What SparkFlow 0.7's own test suite checked, through the import paths of then, on the same kind of data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow.compat.v1 as compat
from google.protobuf import json_format
from pyspark.ml.linalg import Vectors
from pyspark.ml.pipeline import Pipeline, PipelineModel
from pyspark.sql import DataFrame, SparkSession

from conftest import first_everywhere
from estimators import accuracy
from processes import free_port
from sparkflow import tf1 as tf
from sparkflow.graph_utils import build_adam_config, build_graph, build_rmsprop_config
from sparkflow.HogwildSparkModel import HogwildSparkModel
from sparkflow.pipeline_util import PysparkPipelineWrapper
from sparkflow.tensorflow_async import SparkAsyncDL, SparkAsyncDLModel


def create_model(inputs: int = 2) -> Any:
    x = tf.placeholder(tf.float32, shape=[None, inputs], name="x")
    layer1 = tf.layers.dense(x, 12, activation=tf.nn.relu)
    layer2 = tf.layers.dense(layer1, 7, activation=tf.nn.relu)
    out = tf.layers.dense(layer2, 1, name="outer", activation=tf.nn.sigmoid)
    y = tf.placeholder(tf.float32, shape=[None, 1], name="y")
    return tf.losses.mean_squared_error(y, out)


def create_random_model() -> Any:
    return create_model(10)


def create_autoencoder() -> Any:
    x = tf.placeholder(tf.float32, shape=[None, 10], name="x")
    encoder = tf.layers.dense(x, 5, activation=tf.nn.relu)
    bottle_neck = tf.layers.dense(encoder, 2, activation=tf.nn.sigmoid, name="out")
    decoder = tf.layers.dense(bottle_neck, 5, activation=tf.nn.relu)
    return tf.losses.mean_squared_error(x, tf.layers.dense(decoder, 10))


@pytest.fixture(scope="module")
def processed(spark: SparkSession) -> DataFrame:
    random = np.random.default_rng(12345)
    rows = [(1.0, Vectors.dense(random.normal(0, 1, 10))) for _ in range(200)]
    rows += [(0.0, Vectors.dense(random.normal(2, 1, 10))) for _ in range(200)]
    order = random.permutation(len(rows))
    return spark.createDataFrame([rows[i] for i in order], ["label", "features"])


def net(**changes: Any) -> SparkAsyncDL:
    params = {
        "inputCol": "features",
        "tensorflowGraph": build_graph(create_random_model),
        "tfInput": "x:0",
        "tfLabel": "y:0",
        "tfOutput": "outer/Sigmoid:0",
        "tfOptimizer": "adam",
        "tfLearningRate": 0.01,
        "iters": 35,
        "partitions": 2,
        "predictionCol": "predicted",
        "labelCol": "label",
        "seed": 1,
    }
    return SparkAsyncDL(**{**params, **changes})


@pytest.mark.parametrize(
    "changes",
    first_everywhere(
        [
            {},
            {"optimizerOptions": build_adam_config(learning_rate=0.01, beta1=0.85, beta2=0.98, epsilon=1e-8)},
            {
                "tfOptimizer": "rmsprop",
                "optimizerOptions": build_rmsprop_config(learning_rate=0.01, decay=0.95, momentum=0.1),
            },
            {"partitionShuffles": 2},
            {"acquireLock": True},
            {"miniStochasticIters": 5},
            {"miniBatchSize": -1, "iters": 60},
        ]
    ),
    ids=["gaussians", "adam options", "rmsprop options", "shuffles", "lock", "stochastic", "full batch"],
)
def test_overlapping_gaussians(processed: DataFrame, changes: dict[str, Any]) -> None:
    assert accuracy(net(**changes).fit(processed), processed) > 0.9


def test_change_port(processed: DataFrame) -> None:
    host = processed.sparkSession.conf.get("spark.driver.host")
    port = free_port(host)
    assert accuracy(net(port=port).fit(processed), processed) > 0.9


def test_save_model(processed: DataFrame, tmp_path: Any) -> None:
    fitted = net().fit(processed)
    fitted.save(str(tmp_path / "saved_model"))
    model = SparkAsyncDLModel.load(str(tmp_path / "saved_model"))
    assert accuracy(model, processed) == accuracy(fitted, processed) > 0.9


def test_save_pipeline(processed: DataFrame, tmp_path: Any) -> None:
    p = Pipeline(stages=[net()]).fit(processed)
    p.write().overwrite().save(str(tmp_path / "example_pipeline"))
    p = PysparkPipelineWrapper.unwrap(PipelineModel.load(str(tmp_path / "example_pipeline")))
    assert accuracy(p, processed) > 0.9


def test_small_sparse(spark: SparkSession) -> None:
    xor = [
        (0.0, Vectors.sparse(2, [0, 1], [0.0, 0.0])),
        (0.0, Vectors.sparse(2, [0, 1], [1.0, 1.0])),
        (1.0, Vectors.sparse(2, [0], [1.0])),
        (1.0, Vectors.sparse(2, [1], [1.0])),
    ]
    data = spark.createDataFrame(xor, ["label", "features"])
    model = net(tensorflowGraph=build_graph(create_model), iters=35).fit(data)
    assert len(model.transform(data).collect()) == 4


def test_auto_encoder(processed: DataFrame) -> None:
    encoder = net(
        tensorflowGraph=build_graph(create_autoencoder),
        tfLabel=None,
        labelCol=None,
        tfOutput="out/Sigmoid:0",
        iters=10,
        partitions=4,
        miniBatchSize=10,
        verbose=1,
    )
    encoded = encoder.fit(processed).transform(processed).take(10)
    assert all(len(row["predicted"]) == 2 for row in encoded)


SHAPES = [(2, 12), (12,), (12, 7), (7,), (7, 1), (1,)]
XOR = [([0.0, 0.0], 0.0), ([1.0, 1.0], 0.0), ([1.0, 0.0], 1.0), ([0.0, 1.0], 1.0)]


@pytest.mark.parametrize(
    "convert",
    first_everywhere(
        [
            lambda x, y: (np.asarray(x), y),
            lambda x, y: (x, int(y)),
            lambda x, y: (Vectors.dense(x), np.array([y], np.float32)),
            lambda x, y: (Vectors.dense(x).toArray().reshape(1, 2), [y]),
        ]
    ),
    ids=["array and float", "list and int", "vector and array", "2-D array and list"],
)
def test_spark_hogwild(spark: SparkSession, convert: Any) -> None:
    heard: list[tuple[float, int, int]] = []
    with compat.Graph().as_default():
        create_model()
        mg = json_format.MessageToJson(compat.train.export_meta_graph())
    rdd = spark.sparkContext.parallelize(XOR, 3).map(lambda row: convert(*row))
    spark_model = HogwildSparkModel(
        tensorflowGraph=mg,
        iters=10,
        tfInput="x:0",
        tfLabel="y:0",
        optimizer=compat.train.AdamOptimizer(learning_rate=0.1),
        master_url="localhost",
        loss_callback=lambda *event: heard.append(event),
    )
    weights = spark_model.train(rdd)
    spark_model.stop_server()
    assert [w.shape for w in weights] == SHAPES
    # Each partition of the RDD trains as it is.
    assert sorted({partition for _, _, partition in heard}) == [0, 1, 2]
    # What comes out goes in again.
    again = net(tensorflowGraph=mg, initialWeights=weights).getInitialWeights()
    assert all(np.array_equal(a, b) for a, b in zip(again.values(), weights, strict=True))


def test_spark_hogwild_unsupervised(spark: SparkSession) -> None:
    rdd = spark.sparkContext.parallelize(np.random.default_rng(0).normal(size=(40, 10)).tolist(), 2)
    weights = HogwildSparkModel(
        tensorflowGraph=build_graph(create_autoencoder),
        iters=2,
        tfInput="x:0",
        optimizer=tf.train.MomentumOptimizer(0.01, 0.9),
        mini_batch=10,
        partition_shuffles=2,
    ).train(rdd)
    assert len(weights) == 8
