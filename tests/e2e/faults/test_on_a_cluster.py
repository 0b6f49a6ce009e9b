"""What every user does, on a standalone cluster: workers in executors of their own, on two hosts."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, SparkSession

from conftest import first_everywhere, oldest_only, overlapping
from estimators import accuracy, assert_equal_bits, estimator
from sparkflow.ml import SparkAsyncDL


@pytest.fixture(scope="module")
def data(spark: SparkSession) -> DataFrame:
    return overlapping(spark).cache()


MODES = [
    "sync over tcp",
    "sync over shm",
    "hogwild over tcp",
    "hogwild over shm",
    "locked over shm",
    "ssp over tcp",
]


@pytest.mark.parametrize("case", first_everywhere(MODES))
def test_each_mode_and_transport(data: DataFrame, case: str) -> None:
    mode, transport = case.split(" over ")
    model = estimator(mode=mode, transport=transport).fit(data)
    assert accuracy(model, data) >= 0.86
    summary = model.summary
    if mode in ("sync", "ssp"):
        assert summary.workersAtOnce == 2
    # 49 weights of 4 bytes with each step, or none of them.
    weights = summary.steps * 196
    assert (summary.bytesReceived > weights) == (transport == "tcp"), summary


@oldest_only
def test_transports_and_runs_give_the_same_bits(data: DataFrame) -> None:
    one = estimator(mode="sync", transport="tcp").fit(data)
    assert_equal_bits(one, estimator(mode="sync", transport="shm").fit(data))


@oldest_only
def test_a_pipeline_of_a_keras_model_is_saved_and_loaded(spark: SparkSession, tmp_path: Path) -> None:
    rows = spark.range(600).selectExpr("rand(1) a", "rand(2) b").selectExpr("a", "b", "int(a > b) label")
    data = rows.repartition(2).cache()
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    net = SparkAsyncDL(
        model=model, inputCol="features", labelCol="label", iters=20, partitions=2, miniBatchSize=32,
        validationFraction=0.2, earlyStoppingPatience=20, restoreBest=True, predictionCol="predicted",
    )  # fmt: skip
    fitted = Pipeline(stages=[VectorAssembler(inputCols=["a", "b"], outputCol="features"), net]).fit(data)
    assert fitted.stages[-1].summary.history.orderBy("iteration").collect()[-1].validationLoss < 0.5
    fitted.write().save(str(tmp_path / "pipeline"))
    loaded = PipelineModel.load(str(tmp_path / "pipeline"))
    assert accuracy(loaded, data) >= 0.9
    expected = loaded.stages[-1].to_keras().predict(np.array(data.select("a", "b").collect()), verbose=0)
    found = [row.predicted for row in loaded.transform(data).collect()]
    np.testing.assert_allclose(found, expected.ravel(), atol=1e-5)


@oldest_only
def test_a_fit_goes_on_from_a_checkpoint(data: DataFrame, tmp_path: Path) -> None:
    settings = {"mode": "sync", "checkpointInterval": 10, "resume": True}
    whole = estimator(checkpointDir=str(tmp_path / "whole"), **settings).fit(data)
    estimator(checkpointDir=str(tmp_path / "parts"), iters=8, **settings).fit(data)
    resumed = estimator(checkpointDir=str(tmp_path / "parts"), **settings).fit(data)
    assert resumed.summary.resumedFrom > 0
    assert_equal_bits(whole, resumed)
