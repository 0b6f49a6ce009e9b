"""Keras models, trained in Spark and brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.sql import DataFrame, SparkSession

import mnist_data
from conftest import oldest_only
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip


def classifier(optimizer: object = None, **compiled: object) -> keras.Model:
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(12, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(optimizer or keras.optimizers.Adam(0.05), loss="binary_crossentropy", **compiled)
    return model


def convnet() -> keras.Model:
    keras.utils.set_random_seed(4)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def estimator(model: keras.Model, **changes: object) -> SparkAsyncDL:
    params = {"inputCol": "features", "labelCol": "label", "iters": 20, "miniBatchSize": 32, "partitions": 2}
    return SparkAsyncDL(model=model, seed=3, **{**params, **changes})


def columns(data: DataFrame, *names: str) -> list[np.ndarray]:
    rows = data.select(*names).collect()
    return [np.array([np.atleast_1d(getattr(r[n], "toArray", lambda r=r, n=n: r[n])()) for r in rows])
            for n in names]  # fmt: skip


@pytest.mark.parametrize(
    "optimizer",
    [
        None,
        keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        pytest.param("rmsprop", marks=oldest_only),
        pytest.param(keras.optimizers.AdamW(0.05), marks=oldest_only),
        pytest.param(keras.optimizers.Nadam(0.05), marks=oldest_only),
        pytest.param(keras.optimizers.Lion(0.01), marks=oldest_only),
    ],
    ids=lambda o: getattr(o, "name", str(o)),
)
def test_a_compiled_model_learns(gaussians: Callable[..., DataFrame], optimizer: object) -> None:
    data = gaussians(2)
    iters = 60 if optimizer == "rmsprop" else 20
    fitted = estimator(classifier(optimizer), iters=iters).fit(data)
    predicted, label = columns(fitted.transform(data), "predicted", "label")
    assert np.mean((predicted > 0.5) == (label == 1)) >= 0.86


def test_the_model_that_comes_back_predicts_as_transform(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)
    fitted = Pipeline(stages=[estimator(classifier(), iters=3)]).fit(data)
    fitted.write().overwrite().save(str(tmp_path / "model"))
    stage = PipelineModel.load(str(tmp_path / "model")).stages[0]
    assert isinstance(stage, SparkAsyncDLModel)
    x, predicted = columns(stage.transform(data), "features", "predicted")
    back = stage.to_keras()
    np.testing.assert_allclose(predicted, back.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    like = classifier()
    assert stage.toKeras(like=like) is like
    np.testing.assert_array_equal(like.get_weights()[0], back.get_weights()[0])


def test_an_estimator_can_be_saved_and_starts_from_what_the_model_had_learnt(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)
    model = classifier()
    estimator(model, tfLearningRate=1e-9, iters=1).write().overwrite().save(str(tmp_path / "estimator"))
    loaded = SparkAsyncDL.load(str(tmp_path / "estimator"))
    assert (loaded.getTfOptimizer(), loaded.getTfLearningRate()) == ("adam", 1e-9)
    weights = loaded.fit(data).get_weights()
    assert len(weights) == 4
    for value, start in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(value, start, atol=1e-6)


def test_logits_that_the_loss_tells_of_become_probabilities(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    net = estimator(model, loss=loss, iters=10, tfLearningRate=0.05, probabilityCol="probability")
    fitted = net.fit(data)
    assert fitted.getFromLogits()
    p, predicted = columns(fitted.transform(data), "probability", "predicted")
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    np.testing.assert_array_equal(predicted[:, 0], p.argmax(1))
    back = fitted.to_keras()
    back.compile(loss=loss)
    brought = {"inputCol": "features", "probabilityCol": "probability"}
    opened = [SparkAsyncDLModel.from_keras(back, **brought)]
    for suffix in ("keras", "h5"):
        back.save(tmp_path / f"net.{suffix}")
        opened.append(SparkAsyncDLModel.load_tensorflow(str(tmp_path / f"net.{suffix}"), **brought))
    for model in opened:
        np.testing.assert_allclose(columns(model.transform(data), "probability")[0], p, atol=1e-6)
    back.compile(loss="binary_crossentropy")
    assert not SparkAsyncDLModel.from_keras(back, **brought).getFromLogits()


@oldest_only
def test_a_model_that_is_built_again_resumes_where_keras_counts_anew(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)

    def net(**changes: Any) -> SparkAsyncDL:
        settings = {"checkpointDir": str(tmp_path), "checkpointInterval": 2, **changes}
        return estimator(classifier(), iters=3, **settings)

    keras.utils.clear_session()
    first = net().fit(data)
    with pytest.raises(Exception, match=r"tensorflowGraph was .* call keras.utils.clear_session\(\)"):
        net(resume=True).fit(data)
    keras.utils.clear_session()
    assert net(resume=True).fit(data).summary.resumedFrom == first.summary.steps


@oldest_only
@pytest.mark.parametrize(
    ("optimizer", "batch"),
    [
        (keras.optimizers.Adam(0.01), 64),
        (keras.optimizers.Adam(0.01, global_clipnorm=0.05, gradient_accumulation_steps=2), 16),
        (keras.optimizers.Lamb(0.01, weight_decay=0.01), 64),
    ],
    ids=["adam", "clipped and accumulated", "lamb"],
)
def test_one_worker_is_keras_fit(
    gaussians: Callable[..., DataFrame], optimizer: keras.Optimizer, batch: int
) -> None:
    data = gaussians(2, rows=64, partitions=1)
    model = classifier(optimizer)
    fitted = estimator(
        model, iters=25, miniBatchSize=batch, partitions=1, mode="locked", shufflePerIter=False
    ).fit(data)
    x, y = columns(data, "features", "label")
    model.fit(x, y, batch_size=batch, epochs=25, shuffle=False, verbose=0)
    for ours, theirs in zip(fitted.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@oldest_only
def test_a_convnet_with_batch_norm_and_dropout(spark: SparkSession) -> None:
    train = mnist_data.vectors(spark, "train", 2, 3000)
    net = estimator(
        convnet(),
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(0.003),
        labelCol="_c0",
        tfOutput="class:0",
        iters=4,
    )
    fitted = net.fit(train)
    test = mnist_data.vectors(spark, "t10k", 2, 1000)
    evaluator = MulticlassClassificationEvaluator(labelCol="_c0", metricName="accuracy")
    evaluator.setPredictionCol("predicted")
    assert evaluator.evaluate(fitted.transform(test)) >= 0.85
    averages = [value for name, value in fitted.get_state().items() if "moving" in name]
    assert len(averages) == 2 and all(np.abs(value - value[0]).max() > 1e-3 for value in averages)
    probabilities = fitted.copy({fitted.tfOutput: "out:0"}).transform(test)
    x, predicted = columns(probabilities, "features", "predicted")
    wanted = fitted.to_keras().predict(x.reshape(-1, 28, 28, 1), verbose=0)
    np.testing.assert_allclose(predicted, wanted, rtol=1e-4, atol=1e-5)


@oldest_only
def test_metrics_that_cannot_be_computed_are_told(spark: SparkSession) -> None:
    with pytest.warns(UserWarning, match="validation does not compute auc"):
        SparkAsyncDL(model=classifier(metrics=["accuracy", keras.metrics.AUC(name="auc")]))
    with pytest.warns(UserWarning, match="validation does not compute auc"):
        SparkAsyncDL(model=classifier(), metrics=[keras.metrics.AUC(name="auc")])


class TestParams:
    def test_follow_from_the_model(self, spark: SparkSession) -> None:
        net = SparkAsyncDL(model=classifier())
        assert (net.getTfInput(), net.getTfLabel(), net.getTfOutput()) == ("x:0", "y:0", "out:0")
        assert (net.getTfOptimizer(), net.getTfLearningRate()) == ("adam", 0.05)
        assert '"epsilon": 1e-07' in net.getOptimizerOptions()

    def test_of_the_user_win_over_what_the_model_was_compiled_with(self, spark: SparkSession) -> None:
        net = SparkAsyncDL(model=classifier(), tfOptimizer="ftrl", tfLearningRate=0.3, tfOutput="x:0")
        assert (net.getTfOptimizer(), net.getTfLearningRate(), net.getTfOutput()) == ("ftrl", 0.3, "x:0")
        assert net.getOptimizerOptions() is None

    def test_of_the_user_change_a_part_of_what_the_model_was_compiled_with(self, spark: SparkSession) -> None:
        schedule = {"schedule": "constant", "warmup_steps": 5}
        compiled = classifier(keras.optimizers.SGD(0.1, momentum=0.5))
        net = SparkAsyncDL(model=compiled, learningRateSchedule=schedule, optimizerOptions={"momentum": 0.25})
        assert (net.getTfOptimizer(), net.getTfLearningRate()) == ("momentum", 0.1)
        assert json.loads(net.getOptimizerOptions()) == {"momentum": 0.25}
        assert json.loads(net.getLearningRateSchedule()) == schedule

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"tensorflowGraph": "{}"}, "model decides tensorflowGraph: leave it out"),
            ({"tfInput": "x:0", "tfLabel": "y:0"}, "model decides tfInput, tfLabel: leave them out"),
            ({"optimizer": "adam", "tfOptimizer": "adam"}, "optimizer decides tfOptimizer"),
            ({"loss": "men_squared"}, "men_squared"),
            ({"optimizer": keras.optimizers.Adafactor()}, "Adafactor"),
            ({"model": None, "loss": "mse"}, "go with model"),
        ],
    )
    def test_that_contradict(self, spark: SparkSession, given: dict[str, object], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            SparkAsyncDL(**{"model": classifier(), **given})

    def test_local_steps_with_a_rule_of_the_server_alone(self, gaussians: Callable[..., DataFrame]) -> None:
        net = estimator(classifier("nadam"), localSteps=2)
        with pytest.raises(Exception, match="localSteps is 2, but nadam"):
            net.fit(gaussians(2))


def test_a_label_of_another_size(gaussians: Callable[..., DataFrame]) -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    with pytest.raises(Exception, match=r"labelCol.*1 value.*y:0.*takes 3"):
        estimator(model, loss="mse").fit(gaussians(2))
