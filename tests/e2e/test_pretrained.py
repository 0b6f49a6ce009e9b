"""Models that something else has trained as fitted stages, and SparkFlow's models taken out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from conftest import oldest_only
from sparkflow.cli import main
from sparkflow.loaders import load_keras, load_layer
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def data(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([(Vectors.dense(row), float(i % 2)) for i, row in enumerate(X)],
                                 ["features", "label"]).coalesce(1)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((4,), name="x"),
            layers.Dense(8, activation="silu"),
            layers.BatchNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def predicted(stage: Any, data: DataFrame) -> np.ndarray:
    return np.array([np.atleast_1d(getattr(r["predicted"], "toArray", lambda r=r: r["predicted"])())
                     for r in stage.transform(data).select("predicted").collect()])  # fmt: skip


@pytest.fixture(scope="module")
def saved(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model in each of the forms that Keras and TensorFlow have for it."""
    folder = tmp_path_factory.mktemp("saved")
    model.export(str(folder / "saved_model"), verbose=False)
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    return folder


@pytest.mark.parametrize("name", ["saved_model", "model.keras", "model.h5"])
def test_is_a_stage_that_predicts_saves_and_goes_out_again(
    model: keras.Model, saved: Path, data: DataFrame, tmp_path: Path, name: str
) -> None:
    wanted = model.predict(X, verbose=0)
    stage = SparkAsyncDLModel.load_tensorflow(str(saved / name), inputCol="features")
    np.testing.assert_allclose(predicted(stage, data), wanted, atol=1e-6)
    PipelineModel(stages=[stage]).write().overwrite().save(str(tmp_path / "pipeline"))
    loaded = PipelineModel.load(str(tmp_path / "pipeline")).stages[0]
    np.testing.assert_allclose(predicted(loaded, data), wanted, atol=1e-6)
    classes = predicted(loaded.copy({loaded.tfOutput: "class:0"}), data)
    np.testing.assert_array_equal(classes[:, 0], wanted.argmax(1))
    loaded.save_tensorflow(str(tmp_path / "out"))
    serve = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    (output,) = serve(tf.constant(X)).values()
    np.testing.assert_allclose(output, wanted, atol=1e-6)


@pytest.fixture
def elsewhere(spark: SparkSession, tmp_path: Path) -> str:
    """A directory by the name that it has on another file system of Hadoop's."""
    configuration = spark.sparkContext._jsc.hadoopConfiguration()
    configuration.set("fs.viewfs.mounttable.sparkflow.link./models", tmp_path.as_uri())
    return "viewfs://sparkflow/models"


def test_any_file_system_of_hadoop(
    model: keras.Model, saved: Path, data: DataFrame, elsewhere: str, tmp_path: Path
) -> None:
    stage = SparkAsyncDLModel.load_tensorflow(str(saved / "model.keras"), inputCol="features")
    wanted = model.predict(X, verbose=0)
    for format, name in (("saved_model", "out"), ("keras", "out.keras"), ("graph", "out.pb")):
        stage.save_tensorflow(f"{elsewhere}/deep/{name}", format)
        with pytest.raises(FileExistsError, match="give overwrite=True"):
            stage.save_tensorflow(f"{elsewhere}/deep/{name}", format)
        stage.save_tensorflow(f"{elsewhere}/deep/{name}", format, overwrite=True)
        back = SparkAsyncDLModel.load_tensorflow(f"{elsewhere}/deep/{name}", inputCol="features")
        np.testing.assert_allclose(predicted(back, data), wanted, atol=1e-6)
    assert (tmp_path / "deep" / "out" / "saved_model.pb").is_file()
    assert load_keras(f"{elsewhere}/deep/out.keras").count_params() == model.count_params()
    with tf1.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf1.float32, [None, 4], name="x")
        tf1.add(x, tf1.get_variable("shift", initializer=[1.0, 2.0, 3.0, 4.0]), name="y")
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(tmp_path / "trained"))
    shifted = SparkAsyncDLModel.load_tensorflow(f"{elsewhere}/trained", inputCol="features", tfOutput="y:0")
    np.testing.assert_allclose(predicted(shifted, data), X + np.arange(1, 5), atol=1e-6)
    with pytest.raises(FileNotFoundError, match="nothing at viewfs://sparkflow/models/missing"):
        SparkAsyncDLModel.load_tensorflow(f"{elsewhere}/missing")


def test_what_was_trained_here_goes_out_and_back(data: DataFrame, tmp_path: Path, model: keras.Model) -> None:
    net = SparkAsyncDL(
        model=model, loss="sparse_categorical_crossentropy", inputCol="features", labelCol="label", iters=2
    )
    stage = Pipeline(stages=[net]).fit(data).stages[0]
    wanted = predicted(stage, data)
    stage.save_tensorflow(str(tmp_path / "model.keras"), "keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(opened.predict(X, verbose=0), wanted, atol=1e-6)
    again = SparkAsyncDLModel.from_keras(opened, inputCol="features", predictionCol="predicted")
    np.testing.assert_allclose(predicted(again, data), wanted, atol=1e-6)
    with pytest.raises(ValueError, match=r"names end in \.keras"):
        stage.save_tensorflow(str(tmp_path / "model"), "keras")
    with pytest.raises(ValueError, match="expected one of 'saved_model', 'keras', 'graph'"):
        stage.save_tensorflow(str(tmp_path / "model"), "onnx")


@oldest_only
def test_what_the_command_line_saved_is_loaded(
    saved: Path, data: DataFrame, model: keras.Model, tmp_path: Path
) -> None:
    assert main(["model", str(saved / "saved_model"), str(tmp_path / "saved")]) == 0
    stage = SparkAsyncDLModel.load(str(tmp_path / "saved")).setInputCol("features")
    np.testing.assert_allclose(predicted(stage, data), model.predict(X, verbose=0), atol=1e-6)


@oldest_only
def test_a_frozen_body_gets_a_head(saved: Path, data: DataFrame, tmp_path: Path) -> None:
    body = load_layer(str(saved / "saved_model"), trainable=False)
    tuned = keras.Sequential([keras.Input((4,)), body, layers.Dense(1)])
    before = [weight.numpy() for weight in tuned.weights]
    net = SparkAsyncDL(model=tuned, loss="mse", inputCol="features", labelCol="label", iters=2, partitions=1)
    fitted = net.fit(data)
    assert len(fitted.weights) == 2
    after = fitted.to_keras()
    same = [np.array_equal(weight, old) for weight, old in zip(after.weights, before, strict=True)]
    assert same == [True] * 8 + [False] * 2
    np.testing.assert_allclose(predicted(fitted, data), after.predict(X, verbose=0), atol=1e-6)
    fitted.save_tensorflow(str(tmp_path / "tuned"))
    again = SparkAsyncDLModel.load_tensorflow(str(tmp_path / "tuned"), inputCol="features")
    np.testing.assert_allclose(predicted(again, data), predicted(fitted, data), atol=1e-6)


def test_a_model_that_reads_text_is_fed_a_column_of_strings(spark: SparkSession) -> None:
    vectorize = layers.TextVectorization(10, output_sequence_length=4)
    vectorize.adapt(["the cat", "the dog sat"])
    numbers = [layers.Embedding(10, 3), layers.Flatten(), layers.Dense(2)]
    reader = keras.Sequential([keras.Input((1,), dtype="string"), vectorize, *numbers])
    stage = SparkAsyncDLModel.from_keras(reader, inputCol="text")
    texts = ["the cat sat", "a dög", ""]
    data = spark.createDataFrame([(text, 1.0) for text in texts], ["text", "number"]).coalesce(1)
    wanted = reader.predict(tf.constant([[text] for text in texts]), verbose=0)
    np.testing.assert_allclose(predicted(stage, data), wanted, atol=1e-6)
    with pytest.raises(Exception, match="'number', a column of type double, but tfInput 'x:0' takes strings"):
        stage.copy({stage.inputCol: "number"}).transform(data)
    with pytest.raises(Exception, match="column 'text' has a null"):
        predicted(stage, spark.createDataFrame([("a",), (None,)], "text string"))


class TestRefused:
    def test_a_column_of_another_width(self, saved: Path, spark: SparkSession) -> None:
        stage = SparkAsyncDLModel.load_tensorflow(str(saved / "saved_model"), inputCol="features")
        numbers = spark.createDataFrame([(1.0, "a")], ["features", "text"])
        with pytest.raises(Exception, match=r"'features' .* has 1 value.*'x:0' takes 4"):
            stage.transform(numbers)
        with pytest.raises(Exception, match="inputCol is 'text', a column of type string"):
            stage.setInputCol("text").transform(numbers)

    def test_outputs_that_could_be_several(self, spark: SparkSession, tmp_path: Path) -> None:
        module = tf.Module()
        serve = tf.function(lambda x: {"a": x, "b": 2 * x}, input_signature=[tf.TensorSpec([None, 1])])
        tf.saved_model.save(module, str(tmp_path / "two"), signatures=serve)
        path = str(tmp_path / "two")
        with pytest.raises(ValueError, match=r"2 outputs: 'a:0' .*'b:0' .*give tfOutput="):
            SparkAsyncDLModel.load_tensorflow(path)
        stage = SparkAsyncDLModel.load_tensorflow(path, tfOutput="b:0", inputCol="v")
        assert predicted(stage, spark.createDataFrame([(3.0,)], ["v"])).tolist() == [[6.0]]

    def test_a_param_that_there_is_not(self, saved: Path, spark: SparkSession) -> None:
        with pytest.raises(TypeError, match="'outputCol' is no param of the model; those are .*inputCol"):
            SparkAsyncDLModel.load_tensorflow(str(saved / "model.keras"), outputCol="p")
