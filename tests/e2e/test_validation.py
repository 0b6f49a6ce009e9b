"""Rows that are held out, early stopping, and the best weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from conftest import first_everywhere, oldest_only, uneven
from estimators import estimator
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel, StopTraining

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip


@pytest.fixture(scope="module")
def noise(spark: SparkSession) -> DataFrame:
    """Labels of pure chance, which a net can only learn by heart: each tenth row or so is held out."""
    random = np.random.default_rng(5)
    rows = [
        (Vectors.dense(random.normal(size=6)), float(random.integers(0, 2)), i % 3 == 0) for i in range(90)
    ]
    return spark.createDataFrame(rows, ["features", "label", "held"]).coalesce(1).cache()


def overfitting(**changes: Any) -> SparkAsyncDL:
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.Dropout(0.1),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
    params = {"inputCol": "features", "labelCol": "label", "validationIndicatorCol": "held", "iters": 200}
    params |= {"seed": 3, "miniBatchSize": 20, "partitions": 1}
    return SparkAsyncDL(model=model, **{**params, **changes})


def test_a_model_that_overfits_stops_early_and_is_the_best(noise: DataFrame, tmp_path: Path) -> None:
    heard: list[tuple[float, int, dict[str, float]]] = []
    net = overfitting(
        earlyStoppingPatience=3, restoreBest=True, validation_callback=lambda *told: heard.append(told)
    )
    model = net.fit(noise)
    summary = model.summary
    history = summary.history.orderBy("iteration").collect()
    losses = [row.validationLoss for row in history]
    best = int(np.argmin(losses))
    assert summary.stoppedEarly
    assert summary.bestIteration == best
    assert len(history) == best + 4 < 200
    assert history[-1].loss < history[0].loss
    assert heard == [(row.validationLoss, row.iteration, row.validationMetrics) for row in history]

    # The weights are those of that loss and accuracy, in inference.
    held = noise.filter("held").collect()
    x = np.array([row.features.toArray() for row in held], np.float32)
    y = np.array([[row.label] for row in held], np.float32)
    restored = model.to_keras()
    restored.compile(loss="binary_crossentropy", metrics=["accuracy"])
    found = restored.evaluate(x, y, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(losses[best], rel=1e-5)
    assert found["accuracy"] == pytest.approx(history[best].validationMetrics["accuracy"])

    model.save(str(tmp_path / "model"))
    loaded = SparkAsyncDLModel.load(str(tmp_path / "model")).summary
    assert loaded.history.collect() == summary.history.collect()
    assert (loaded.stoppedEarly, loaded.bestIteration) == (True, best)


@pytest.mark.parametrize("mode", first_everywhere(["sync", "hogwild", "locked", "ssp"]))
def test_each_mode_stops(gaussians: Callable[..., DataFrame], mode: str) -> None:
    # No step makes a loss lower by so much: the second iteration is the last that counts.
    net = estimator(
        mode=mode, iters=500, validationFraction=0.2, earlyStoppingPatience=1, earlyStoppingMinDelta=10.0
    )
    summary = net.fit(gaussians(2)).summary
    assert summary.stoppedEarly
    assert summary.bestIteration == 0
    losses = [row.validationLoss for row in summary.history.orderBy("iteration").collect()]
    assert all(losses[:2])
    assert losses[2:] == [None] * (len(losses) - 2)
    if mode == "sync":
        assert len(losses) <= 3


def test_a_fraction_is_the_same_rows_for_a_seed_in_every_round(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    net = estimator(iters=1, mode="sync", validationFraction=0.25, partitionShuffles=2)
    first, again, other = (each.fit(data).summary for each in (net, net, net.copy().setSeed(8)))
    rows = sum(first.partitionRows)
    assert 250 < rows < 350
    assert first.samples == 2 * rows  # no row of one round is held out in another
    assert first.partitionRows == again.partitionRows
    one, two, three = ([row.validationLoss for row in s.history.collect()] for s in (first, again, other))
    assert one[0] == two[0] != three[0]


@oldest_only
def test_a_metric_decides_which_weights_are_the_best(noise: DataFrame) -> None:
    summary = overfitting(monitor="accuracy", earlyStoppingPatience=4, restoreBest=True).fit(noise).summary
    rates = [row.validationMetrics["accuracy"] for row in summary.history.orderBy("iteration").collect()]
    assert summary.stoppedEarly
    assert summary.bestIteration == int(np.argmax(rates)) == len(rates) - 5


@oldest_only
def test_a_callback_ends_the_fit(noise: DataFrame, gaussians: Callable[..., DataFrame]) -> None:
    heard: list[int] = []

    def enough(loss: float, iteration: int, metrics: dict[str, float]) -> None:
        heard.append(iteration)
        if iteration == 2:
            raise StopTraining

    def told(loss: float, iteration: int, partition: int) -> None:
        if iteration == 1:
            raise StopTraining

    summary = overfitting(validation_callback=enough).fit(noise).summary
    assert summary.stoppedEarly
    assert heard == [0, 1, 2]
    assert 3 <= summary.totalIterations < 200
    # More partitions than slots, that train one after the other: those that come later find it over.
    waves = estimator(iters=10_000, partitions=4, loss_callback=told).fit(gaussians(2).repartition(4))
    assert waves.summary.stoppedEarly
    assert waves.summary.totalIterations < 10_000


@oldest_only
def test_rows_of_weight_0_teach_nothing(noise: DataFrame) -> None:
    data = noise.selectExpr("features", "double(held) label", "int(held) weight")
    model = overfitting(
        validationIndicatorCol=None, sampleWeightCol="weight", iters=30, restoreBest=True
    ).fit(data)
    # All 30 rows that count have label 1; with the other 60 a net would say so of a third.
    assert model.transform(data).filter("predicted > 0.5").count() >= 80
    assert model.summary.objectiveHistory[-1] < 0.05


@oldest_only
def test_held_out_rows_that_lie_by_themselves_are_refused(noise: DataFrame) -> None:
    data = uneven(noise.orderBy("held"), 60, 30)
    with pytest.raises(
        Exception, match=r"all \d+ rows of partition \d are held out for validation, so it has none to train"
    ):
        overfitting(partitions=2, iters=1).fit(data)


@oldest_only
def test_nothing_held_out_and_too_few_slots_are_errors(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2, rows=40).selectExpr("*", "false as held")
    with pytest.raises(Exception, match="no row is held out for validation"):
        estimator(validationIndicatorCol="held", iters=3).fit(data)
    with pytest.raises(Exception, match="restoreBest is true, for which all 3 workers must run at once"):
        estimator(restoreBest=True, partitions=3).fit(gaussians(2, partitions=3))
