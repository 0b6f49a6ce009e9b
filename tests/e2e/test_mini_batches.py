"""What becomes of mini-batches before they are trained on: the user's functions, and weights of classes."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

import graphs
from conftest import oldest_only
from sparkflow.ml import SparkAsyncDL

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip

FUNCTIONS = """
def counted(features, label, random):
    features[:, 0] = 1
    features[:, 1] = random.integers(2, 4)
    return features, label
"""


@pytest.fixture
def path() -> Iterator[None]:
    before = list(sys.path)
    yield
    sys.path[:] = before


def counter(**changes: object) -> SparkAsyncDL:
    params = {
        "inputCol": "features",
        "tensorflowGraph": graphs.counter(2),
        "tfOutput": "out:0",
        "tfOptimizer": "gradient_descent",
        "tfLearningRate": 1.0,
        "iters": 3,
        "miniBatchSize": 4,
        "partitions": 1,
        "seed": 5,
    }
    return SparkAsyncDL(**{**params, **changes})


@oldest_only
@pytest.mark.parametrize("kind", ["py", "zip"])
def test_a_function_that_is_shipped(spark: SparkSession, tmp_path: Path, path: None, kind: str) -> None:
    name = f"shipped_as_{kind}"
    file = tmp_path / f"{name}.py"
    file.write_text(FUNCTIONS)
    if kind == "zip":
        file = tmp_path / "functions.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{name}.py", FUNCTIONS)
    spark.sparkContext.addPyFile(str(file))
    data = spark.createDataFrame([([0.0, 0.0],)] * 8, "features array<double>").coalesce(1)
    fits = [counter(transformFn=f"{name}.counted").fit(data) for _ in range(2)]
    (weights,) = fits[0].get_weights()
    assert weights[0] == -6  # mini-batches
    assert -18 < weights[1] < -12  # a 2 or a 3 for each
    np.testing.assert_array_equal(weights, fits[1].get_weights()[0])


@oldest_only
def test_a_function_that_nobody_can_import(spark: SparkSession) -> None:
    data = spark.createDataFrame([([0.0, 0.0],)] * 8, "features array<double>").coalesce(1)
    with pytest.raises(Exception, match=r"\A[^\n]*transformFn 'nowhere.flip' cannot be imported.*--py-files"):
        counter(transformFn="nowhere.flip").fit(data)
    with pytest.raises(ValueError, match="module 'graphs' .* has no function 'nosuch'"):
        counter(transformFn="graphs.nosuch").fit(data)
    with pytest.raises(Exception, match="transformFn is 'flip', expected the name of a Python function"):
        counter(transformFn="flip").fit(data)


@oldest_only
def test_a_keras_model_heeds_weights_of_classes(spark: SparkSession) -> None:
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(1.0), loss="binary_crossentropy")
    rows = [([1.0], float(number % 2), 1.0 + number % 3) for number in range(24)]
    data = spark.createDataFrame(rows, "features array<double>, label double, w double").coalesce(1)
    params = {"model": model, "inputCol": "features", "labelCol": "label", "iters": 100, "partitions": 1}
    fitted = SparkAsyncDL(**params, classWeights={0: 1, 1: 3.0}, sampleWeightCol="w").fit(data)
    # Of each weight there are as many rows of either class.
    assert fitted.transform(data).first()["predicted"] == pytest.approx(0.75, abs=0.01)
