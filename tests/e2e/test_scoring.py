"""A fitted model beside transform: called on the driver, in SQL, and over a stream."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

import sparkflow
from conftest import overlapping
from estimators import estimator
from sparkflow.ml import SparkAsyncDLModel


@pytest.fixture(scope="module")
def data(spark: SparkSession) -> DataFrame:
    return overlapping(spark, 2, rows=100).cache()


@pytest.fixture(scope="module")
def model(data: DataFrame) -> SparkAsyncDLModel:
    return estimator(iters=1).fit(data)


@pytest.fixture
def transformed(data: DataFrame, model: SparkAsyncDLModel) -> tuple[np.ndarray, np.ndarray]:
    """Features and predictions."""
    rows = model.transform(data).collect()
    return np.array([r["features"].toArray() for r in rows]), np.array([r["predicted"] for r in rows])


@pytest.fixture
def jobs(spark: SparkSession) -> Callable[[], int]:
    """How many Spark jobs this test has started."""
    spark.sparkContext.setJobGroup("counted", "jobs of one test")
    return lambda: len(spark.sparkContext.statusTracker().getJobIdsForGroup("counted"))


def test_predict_gives_what_transform_gives_without_a_job(
    data: DataFrame,
    model: SparkAsyncDLModel,
    transformed: tuple[np.ndarray, np.ndarray],
    jobs: Callable[[], int],
) -> None:
    x, expected = transformed
    vector = data.first()["features"]
    before = jobs()
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-6)
    one = model.predict(vector)
    assert isinstance(one, float) and one == pytest.approx(model.predict(vector.toArray()), rel=1e-6)
    hidden = model.copy({model.tfOutput: "dense/Relu:0"})
    assert hidden.predict(x).shape == (100, 12) and hidden.predict(vector).shape == (12,)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-6)
    assert jobs() == before


def test_a_model_that_the_jar_saved_is_loaded_without_spark(
    model: SparkAsyncDLModel, transformed: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    x, expected = transformed
    model.save(str(tmp_path / "model"))
    with sparkflow.load_predictor(tmp_path / "model") as predictor:
        np.testing.assert_allclose(predictor.predict(x), expected, rtol=1e-6)
    with sparkflow.load_predictor((tmp_path / "model").as_uri(), tfOutput="dense/Relu:0") as predictor:
        assert predictor.predict(x).shape == (100, 12)
