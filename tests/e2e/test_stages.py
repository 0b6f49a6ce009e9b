"""The stages as Python objects: start values, weights, copies, saved estimators, TensorFlow's checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

import graphs
import sparkflow
from sparkflow.fit import TrainingError
from sparkflow.loaders import load_checkpoint
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel
from sparkflow.tensorflow_model_loader import attach_tensorflow_model_to_pipeline
from test_training import estimator

START = [np.array([[2.0]], np.float32), np.array([0.5], np.float32)]


def line(**changes: object) -> SparkAsyncDL:
    return estimator(**{"tensorflowGraph": graphs.linear(), "tfOutput": "pred:0", **changes})


@pytest.mark.parametrize("weights", [START, {"b": [0.5], "w": [[2.0]]}], ids=["list", "dict"])
def test_start_weights_by_order_or_name(spark: SparkSession, weights: object) -> None:
    start = line(initialWeights=weights).getInitialWeights()
    assert start is not None
    assert {name: array.tolist() for name, array in start.items()} == {"w": [[2.0]], "b": [0.5]}
    assert line().getInitialWeights() is None


def test_start_weights_need_their_graph(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="set tensorflowGraph before"):
        SparkAsyncDL(initialWeights=START)
    with pytest.raises(TypeError, match=r"initialWeights must be a SparkAsyncDLModel, .* got str"):
        line(initialWeights="model")


def test_start_weights_are_saved_with_the_estimator(spark: SparkSession, tmp_path: Path) -> None:
    line(initialWeights=START, iters=3).save(str(tmp_path / "net"))
    loaded = SparkAsyncDL.load(str(tmp_path / "net"))
    assert loaded.getIters() == 3
    assert loaded.getInitialWeights()["w"].tolist() == [[2.0]]


def test_start_weights_in_a_param_map(spark: SparkSession) -> None:
    net = line()
    copied = net.copy({net.initialWeights: START})
    assert copied.getInitialWeights()["b"].tolist() == [0.5]
    assert net.getInitialWeights() is None


def test_copies_are_apart_and_keep_the_callback(spark: SparkSession) -> None:
    heard: list[float] = []
    net = line(iters=3, loss_callback=lambda loss, i, p: heard.append(loss))
    copied = net.copy({net.iters: 5})
    assert (net.getIters(), copied.getIters()) == (3, 5)
    assert copied.getLossCallback() is net.getLossCallback()
    with pytest.raises(TypeError, match="loss_callback must be callable"):
        line(loss_callback="print")


def test_positional_arguments_are_refused(spark: SparkSession) -> None:
    with pytest.raises(TypeError, match="keyword arguments"):
        SparkAsyncDL("features")


def test_a_pipeline_of_an_estimator_loads_with_its_class(spark: SparkSession, tmp_path: Path) -> None:
    Pipeline(stages=[line(iters=4)]).write().overwrite().save(str(tmp_path / "pipeline"))
    (stage,) = Pipeline.load(str(tmp_path / "pipeline")).getStages()
    assert type(stage) is SparkAsyncDL
    assert stage.getIters() == 4


def test_a_jar_of_another_version_names_both(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = sparkflow.__version__
    monkeypatch.setattr(sparkflow, "__version__", "0.0.7")
    with pytest.raises(RuntimeError, match=f"jar on this SparkSession is version {ours}.* is version 0.0.7"):
        SparkAsyncDL()


def test_an_error_in_the_loss_callback_comes_out_as_it_is(gaussians: Callable[..., DataFrame]) -> None:
    mine = KeyError("mine")

    def broken(loss: float, iteration: int, partition: int) -> None:
        raise mine

    with pytest.raises(KeyError) as caught:
        estimator(loss_callback=broken, iters=5000).fit(gaussians(2))
    assert caught.value is mine


def test_a_fit_that_fails_raises_training_error(spark: SparkSession) -> None:
    rows = [(float(i), Vectors.dense(i)) for i in range(50)]
    data = spark.createDataFrame(rows, ["label", "features"])
    with pytest.raises(TrainingError, match="loss became"):
        line(tfOptimizer="gradient_descent", tfLearningRate=1e6, iters=100).fit(data)


def test_weights_by_name_and_in_order(spark: SparkSession) -> None:
    x = np.linspace(-1, 1, 40)
    data = spark.createDataFrame([(float(2 * v), float(v)) for v in x], ["label", "features"])
    model = line(initialWeights=START, iters=1, tfLearningRate=1e-9, seed=5).fit(data)
    assert list(model.weights) == ["w", "b"]
    np.testing.assert_allclose(model.weights["w"], START[0], atol=1e-6)
    for mine, start in zip(model.get_weights(), START, strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, start, atol=1e-6)
    assert model.trainingSeed == 5
    assert model.get_state() == {}


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 1], name="x")
        w = tf.get_variable("w", initializer=[[3.0]])
        tf.add(tf.matmul(x, w), tf.get_variable("b", initializer=[1.0]), name="out")
        session.run(tf.global_variables_initializer())
        return str(tf.train.Saver().save(session, str(tmp_path / "to_load")))


def test_a_checkpoint_predicts_saves_and_joins_a_pipeline(
    spark: SparkSession, checkpoint: str, tmp_path: Path
) -> None:
    data = spark.createDataFrame([(0.0,), (2.0,)], ["features"])
    model = load_checkpoint(checkpoint, inputCol="features", tfInput="x:0", tfOutput="out:0")
    assert [r["predicted"] for r in model.transform(data).collect()] == [1.0, 7.0]
    assert model.trainingSeed is None
    model.save(str(tmp_path / "model"))
    assert SparkAsyncDLModel.load(str(tmp_path / "model")).weights["w"].tolist() == [[3.0]]
    both = attach_tensorflow_model_to_pipeline(
        checkpoint, PipelineModel(stages=[model]), "predicted", "x:0", "out:0", predictionCol="again"
    )
    assert [r["again"] for r in both.transform(data).collect()] == [4.0, 22.0]
