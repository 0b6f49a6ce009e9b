"""Each mistake gets an error that names it, and the SparkSession works afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

import graphs
from sparkflow.graph_utils import build_graph
from sparkflow.ml import SparkAsyncDL
from test_training import LABELLED, estimator


@pytest.fixture(autouse=True)
def session_still_works(spark: SparkSession) -> Iterator[None]:
    yield
    assert spark.range(3).count() == 3


BEFORE_ANY_JOB = {
    "missing column": ({"inputCol": "featurs"}, "featurs.*features"),
    "checkpoints of a fit that stops early": (
        {"checkpointDir": "/tmp/none", "restoreBest": True, "validationFraction": 0.2},
        "checkpointDir is set.*restoreBest",
    ),
    "missing label column": ({"labelCol": "lable"}, "lable.*label"),
    "unknown tensor": ({"tfInput": "xx:0"}, "xx:0.*x"),
    "unknown output": ({"tfOutput": "outer/Sigmoi:0"}, "outer/Sigmoi.*outer/Sigmoid"),
    "unknown label tensor": ({"tfLabel": "yy:0"}, "yy:0"),
    "unknown optimizer": ({"tfOptimizer": "adm"}, "adm.*adam"),
    "unknown option": ({"optimizerOptions": '{"beta_1": 0.9}'}, "beta_1.*beta1"),
    "options not JSON": ({"optimizerOptions": "{beta1: 0.9"}, "optimizerOptions"),
    "learning rate": ({"tfLearningRate": -0.1}, "tfLearningRate.*-0.1"),
    "learning rate NaN": ({"tfLearningRate": float("nan")}, "tfLearningRate"),
    "batch size": ({"miniBatchSize": 0}, "miniBatchSize.*0"),
    "iters": ({"iters": 0}, "iters.*0"),
    "partitions": ({"partitions": -2}, "partitions.*-2"),
    "port": ({"port": 70000}, "port.*70000"),
    "mode": ({"mode": "hogwld"}, "hogwld.*hogwild"),
    "decay in sync": (
        {"mode": "sync", "stalenessDecay": True},
        "stalenessDecay is true, but in mode 'sync'",
    ),
    "compensation in sync": (
        {"mode": "sync", "delayCompensation": 0.1},
        "delayCompensation is 0.1, but in mode 'sync'",
    ),
    "compensation of local steps": (
        {"delayCompensation": 0.1, "localSteps": 2},
        "with localSteps 2 workers push no gradients",
    ),
    "compensation of compressed": (
        {"delayCompensation": 0.1, "compression": "bf16"},
        "with compression 'bf16'",
    ),
    "staleness": ({"maxStaleness": -1}, "maxStaleness.*-1"),
    "mode and lock": ({"mode": "hogwild", "acquireLock": True}, "acquireLock"),
    "local steps": ({"localSteps": 0}, "localSteps.*0"),
    "local steps of ftrl": ({"localSteps": 2, "tfOptimizer": "ftrl"}, "localSteps is 2, but ftrl"),
    "transport": ({"transport": "udp"}, "transport.*udp.*tcp"),
    "compression": ({"compression": "int4"}, "compression.*int4.*int8"),
    "not a graph": ({"tensorflowGraph": "{}"}, "tensorflowGraph.*build_graph"),
    "no graph": ({"tensorflowGraph": ""}, "tensorflowGraph.*build_graph"),
    "clip": ({"clipNorm": -1.0}, "clipNorm is -1.0, expected a finite number of 0 or more"),
    "two clips": ({"clipNorm": 1.0, "clipValue": 2.0}, "clipNorm is 1.0 and clipValue is 2.0"),
    "accumulated local steps": (
        {"gradientAccumulationSteps": 2, "localSteps": 3},
        "gradientAccumulationSteps is 2 and localSteps is 3",
    ),
    "classes": ({"classWeights": '{"a": 1}'}, "classWeights is.*expected a JSON object of classes"),
    "no class": ({"classWeights": {0.5: 1.0}}, "0.5 is no whole number"),
    "classes of a graph": ({"classWeights": {0: 1.0}}, "classWeights is set but tfSampleWeight is not"),
    "monitor": ({"monitor": "accuracy", "validationFraction": 0.2}, "monitor is 'accuracy'.*knows only loss"),
    "label without tensor": ({"tfLabel": None}, "tfLabel"),
    "one column and several": (
        {"inputCols": ["features"], "tfInputs": ["x:0"]},
        "inputCols is 'features', but inputCol is 'features'",
    ),
    "columns without tensors": (
        {"inputCol": None, "tfInput": None, "inputCols": ["features"]},
        "inputCols is 'features', but tfInputs is not set",
    ),
    "several columns of another number": (
        {"labelCol": None, "tfLabel": None, "labelCols": ["label"], "tfLabels": ["y:0", "z:0"]},
        r"labelCols has 1 \('label'\), but tfLabels has 2 \('y:0', 'z:0'\)",
    ),
    "one of several columns": (
        {"inputCol": None, "tfInput": None, "inputCols": ["featurs"], "tfInputs": ["x:0"]},
        "inputCols is 'featurs'.*features",
    ),
    "a tensor fed twice": ({"tfLabel": "x:0", "labelCol": "features"}, "feed the same placeholder, 'x:0'"),
    "tensor without label": ({"labelCol": None}, "labelCol"),
    "one column for two": (
        {"probabilityCol": "predicted"},
        "probabilityCol and predictionCol name 'predicted' 2 times",
    ),
    "too many iterations": ({"iters": 10**12}, r'"iters". 1000000000000 is beyond 32 bits'),
    "too large a batch": ({"miniBatchSize": 2**31}, r'"miniBatchSize". 2147483648 is beyond 32 bits'),
    "too large a seed": ({"seed": 2**63}, r'"seed". 9223372036854775808 is beyond 64 bits'),
}


@pytest.mark.parametrize("case", BEFORE_ANY_JOB)
def test_refused_before_any_job(spark: SparkSession, gaussians: Callable[..., DataFrame], case: str) -> None:
    changes, expected = BEFORE_ANY_JOB[case]
    data = gaussians(2)
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup("bad-input", case)
    before = len(tracker.getJobIdsForGroup("bad-input"))
    with pytest.raises(Exception, match=f"(?s){expected}"):
        estimator(**changes).fit(data)
    assert len(tracker.getJobIdsForGroup("bad-input")) == before


def test_nothing_to_train(gaussians: Callable[..., DataFrame]) -> None:
    with pytest.raises(Exception, match=r"tensorflowGraph is empty: .* SparkAsyncDL\(model=…\)"):
        SparkAsyncDL(inputCol="features", labelCol="label").fit(gaussians(1))


def test_weights_to_start_from_that_are_no_numbers(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    weights = estimator(iters=1).fit(data).get_weights()
    weights[0] = weights[0] * float("nan")
    with pytest.raises(Exception, match="initialWeights has a value that is NaN"):
        estimator(initialWeights=weights).fit(data)


def test_a_class_number_where_a_vector_is_taken(gaussians: Callable[..., DataFrame]) -> None:
    def softmax() -> tf.Tensor:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.placeholder(tf.float32, [None, 3], name="y")
        return tf.losses.softmax_cross_entropy(y, tf.layers.dense(x, 3, name="outer"))

    net = estimator(tensorflowGraph=build_graph(softmax), tfOutput="outer/BiasAdd:0")
    with pytest.raises(Exception, match=r"takes 3 .* make a vector of it with OneHotEncoder"):
        net.fit(gaussians(2))


def test_a_stream_is_no_data_to_train_on(spark: SparkSession) -> None:
    with pytest.raises(Exception, match="fit takes a DataFrame at rest, but this one is a stream"):
        estimator().fit(spark.readStream.format("rate").load())


def test_a_label_of_neither_class(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2).selectExpr("features", "label + 1 as label")
    with pytest.raises(Exception, match=r"the label column has the value 2.0, .* two classes, 0 and 1"):
        estimator(probabilityCol="probability").fit(data)


def test_wrong_type_of_column(spark: SparkSession) -> None:
    data = spark.createDataFrame([("a", 1.0)], ["features", "label"])
    with pytest.raises(Exception, match="features.*string.*VectorAssembler"):
        estimator().fit(data)


def test_feature_size_known_from_metadata(spark: SparkSession) -> None:
    from pyspark.ml.feature import VectorAssembler

    data = spark.createDataFrame([(1.0, 2.0, 3.0, 1.0)], ["a", "b", "c", "label"])
    assembled = VectorAssembler(inputCols=["a", "b", "c"], outputCol="features").transform(data)
    with pytest.raises(Exception, match="features.* 3 .*x:0.* 2"):
        estimator().fit(assembled)


def test_feature_size_found_in_the_worker(spark: SparkSession) -> None:
    data = spark.createDataFrame([(1.0, Vectors.dense(1, 2, 3))], ["label", "features"])
    with pytest.raises(Exception, match="column 'features' .* 3 value.*'x:0' takes rows of shape .2.: make"):
        estimator().fit(data)


def test_rows_of_different_width(spark: SparkSession) -> None:
    data = spark.createDataFrame([(1.0, [1.0, 2.0]), (1.0, [1.0])], ["label", "features"])
    with pytest.raises(Exception, match="features"):
        estimator(partitions=1).fit(data.coalesce(1))


@pytest.mark.parametrize("where", ["features", "label"])
def test_nulls_are_named(spark: SparkSession, where: str) -> None:
    rows = [(1.0, Vectors.dense(1, 2)), (None, Vectors.dense(1, 2))]
    if where == "features":
        rows = [(1.0, Vectors.dense(1, 2)), (1.0, None)]
    data = spark.createDataFrame(rows, LABELLED)
    with pytest.raises(Exception, match=f"'{where}' has a null.*drop"):
        estimator().fit(data)


def test_null_inside_an_array(spark: SparkSession) -> None:
    data = spark.createDataFrame([(1.0, [1.0, None])], "label double, features array<double>")
    with pytest.raises(Exception, match="'features' has a row with a null"):
        estimator().fit(data)


def test_empty_dataframe(spark: SparkSession) -> None:
    data = spark.createDataFrame([], LABELLED)
    with pytest.raises(Exception, match="DataFrame is empty"):
        estimator().fit(data)


def test_nan_loss_stops_with_the_iteration(spark: SparkSession) -> None:
    rows = [(float(i), Vectors.dense(i)) for i in range(50)]
    data = spark.createDataFrame(rows, ["label", "features"])
    with pytest.raises(Exception, match="loss became.*iteration.*tfLearningRate"):
        estimator(
            tensorflowGraph=graphs.linear(),
            tfOutput="pred:0",
            tfOptimizer="gradient_descent",
            tfLearningRate=1e6,
            iters=100,
        ).fit(data)


def test_graph_without_loss(gaussians: Callable[..., DataFrame]) -> None:
    graph = graphs.classifier().replace('"losses"', '"lost"')
    with pytest.raises(Exception, match="no loss"):
        estimator(tensorflowGraph=graph).fit(gaussians(2))


def test_graph_without_variables(gaussians: Callable[..., DataFrame]) -> None:
    def constant() -> tf.Tensor:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.placeholder(tf.float32, [None, 1], name="y")
        out = tf.reduce_sum(x, 1, keepdims=True, name="out")
        return tf.losses.mean_squared_error(y, out)

    with pytest.raises(Exception, match="no trainable variable"):
        estimator(tensorflowGraph=build_graph(constant), tfOutput="out:0").fit(gaussians(2))


def test_worker_error_says_its_own_message_first(gaussians: Callable[..., DataFrame]) -> None:
    def broken() -> tf.Tensor:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.placeholder(tf.float32, [None, 1], name="y")
        w = tf.get_variable("w", [2, 1])
        check = tf.debugging.Assert(tf.constant(False), ["my assertion in the graph"])
        with tf.control_dependencies([check]):
            out = tf.identity(tf.matmul(x, w), name="out")
        return tf.losses.mean_squared_error(y, out)

    with pytest.raises(Exception, match="my assertion in the graph") as caught:
        estimator(tensorflowGraph=build_graph(broken), tfOutput="out:0").fit(gaussians(2))
    assert "my assertion" in str(caught.value)[:600]


def test_initial_weights_of_another_graph(gaussians: Callable[..., DataFrame]) -> None:
    other = estimator(tensorflowGraph=graphs.classifier(1), iters=1).fit(gaussians(1))
    with pytest.raises(Exception, match="initialWeights"):
        estimator(initialWeights=other, iters=1).fit(gaussians(2))


def test_port_taken_is_named(gaussians: Callable[..., DataFrame]) -> None:
    import socket

    host = gaussians(2).sparkSession.conf.get("spark.driver.host")
    with socket.create_server((host, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Exception, match=f"{port}.*port"):
            estimator(port=port, iters=1).fit(gaussians(2))


def test_numpy_numbers_are_numbers(gaussians: Callable[..., DataFrame]) -> None:
    estimator(iters=np.int64(1), tfLearningRate=np.float64(0.01)).fit(gaussians(2))


@pytest.mark.parametrize("path", ["/proc/model", "{file}/model", "{there}"])
def test_a_path_that_cannot_be_written(
    spark: SparkSession, gaussians: Callable[..., DataFrame], tmp_path: Path, path: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "there").mkdir()
    path = path.format(file=tmp_path / "file", there=tmp_path / "there")
    stages = estimator(), estimator(iters=1).fit(gaussians(2))
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup(path, "saving")
    for stage in stages:
        with pytest.raises(OSError, match=re.escape(path)) as raised:
            stage.save(path)
        assert len(str(raised.value)) < 500
    assert tracker.getJobIdsForGroup(path) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "there"]


def test_a_list_is_no_data_frame(gaussians: Callable[..., DataFrame]) -> None:
    with pytest.raises(TypeError, match=r"transform takes a Spark DataFrame, got builtins.list: make one"):
        estimator(iters=1).fit(gaussians(2)).transform([1])
