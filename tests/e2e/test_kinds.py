"""Columns of every kind, as docs/columns.md tells of them, in a fit and in its predictions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from pyspark.ml.feature import HashingTF
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from conftest import oldest_only
from sparkflow.graph_utils import build_graph
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip

FAR = 2**40  # of whole numbers from here on, float32 holds one of 131,072


def fitted(build: Callable[[], tf.Tensor], data: DataFrame, **changes: object) -> SparkAsyncDLModel:
    params = {"inputCol": "x", "tfInput": "x:0", "labelCol": "y", "tfLabel": "y:0", "tfOutput": "out:0"}
    few = {"iters": 2, "miniBatchSize": 4, "partitions": 2, "seed": 3}
    return SparkAsyncDL(**{"tensorflowGraph": build_graph(build), **params, **few, **changes}).fit(data)


def predicted(model: SparkAsyncDLModel, data: DataFrame) -> list[float]:
    return [row["predicted"] for row in model.transform(data).orderBy("id").collect()]


def test_whole_numbers_beyond_float32_and_flags(spark: SparkSession) -> None:
    def build() -> tf.Tensor:
        """Its loss is 0 if each x is what the label says, and huge if one is its neighbour."""
        x = tf.placeholder(tf.int64, [None], name="x")
        flags = tf.placeholder(tf.bool, [None, 2], name="flags")
        y = tf.placeholder(tf.int64, [None, 1], name="y")
        exact = tf.placeholder(tf.float64, [None], name="exact")
        tf.cast(x - FAR, tf.float32, name="out")
        wrong = tf.abs(y[:, 0] - x) + tf.cast(tf.not_equal(flags[:, 0], x % 2 > 0), tf.int64)
        off = tf.cast(wrong, tf.float64) + tf.abs(exact - 0.1)
        w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
        return tf.losses.add_loss(tf.reduce_mean(tf.cast(off, tf.float32) * 1e9 + tf.square(w)))

    data = spark.range(20).selectExpr(
        f"id + {FAR + 1} x", f"id + {FAR + 1} y", "array((id + 1) % 2 = 1, true) flags", "0.1D exact", "id"
    )
    several = {"inputCol": None, "tfInput": None, "inputCols": ["x", "flags", "exact"]}
    model = fitted(
        build,
        data,
        **several,
        tfInputs=["x:0", "flags:0", "exact:0"],
        validationFraction=0.3,
        iters=1,
    )
    history = model.summary.history.collect()
    assert [(row["loss"], row["validationLoss"]) for row in history] == [(0.0, 0.0)]
    assert predicted(model, data) == [float(i + 1) for i in range(20)]
    assert model.predict({"x": FAR + 7, "flags": [True, True], "exact": 0.1}) == 7.0
    half = model.copy({model.inputCols: ["exact", "flags", "exact"]})
    with pytest.raises(Exception, match=r"column 'exact' .*the value 0\.1, .*'x:0' is of dtype int64"):
        predicted(half, data)


@oldest_only
def test_text_trains_a_keras_model(spark: SparkSession) -> None:
    words = ["good", "bad"]
    rows = [(i, f"a {words[i % 2]} day", float(1 - i % 2), i % 5 == 0) for i in range(40)]
    data = spark.createDataFrame(rows, ["id", "x", "y", "held"]).coalesce(2).cache()
    keras.utils.set_random_seed(2)
    vectorize = layers.TextVectorization(10, output_sequence_length=4)
    vectorize.adapt([row[1] for row in rows])
    numbers = [
        layers.Embedding(10, 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]
    net = keras.Sequential([keras.Input((1,), dtype="string"), vectorize, *numbers])
    net.compile(keras.optimizers.Adam(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    model = SparkAsyncDL(
        model=net,
        inputCol="x",
        labelCol="y",
        iters=8,
        miniBatchSize=8,
        partitions=2,
        seed=3,
        spillLimit=100,
        validationIndicatorCol="held",
    ).fit(data)
    assert model.summary.history.collect()[-1]["validationMetrics"]["accuracy"] == 1.0
    found = predicted(model, data)
    assert [round(value) for value in found] == [int(row[2]) for row in rows]
    texts = tf.constant([[row[1]] for row in rows])
    np.testing.assert_allclose(found, model.to_keras().predict(texts, verbose=0)[:, 0], atol=1e-6)
    np.testing.assert_allclose(found, model.predict([row[1] for row in rows]), atol=1e-6)


@oldest_only
def test_arrays_of_strings(spark: SparkSession) -> None:
    def build() -> tf.Tensor:
        x = tf.placeholder(tf.string, [None, 2], name="x")
        y = tf.placeholder(tf.string, [None], name="y")
        joined = tf.strings.join([x[:, 0], x[:, 1]])
        tf.strings.length(joined, name="out")
        same = tf.cast(tf.equal(joined, y), tf.float32)
        w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
        return tf.losses.add_loss(tf.reduce_mean(tf.abs(1 - same)) + tf.square(w))

    data = spark.range(12).selectExpr("id", "array(concat('ä', id), 'b') x", "concat('ä', id, 'b') y")
    model = fitted(build, data)
    assert [row["loss"] for row in model.summary.history.collect()] == [0.0] * 2
    lengths = [4.0] * 10 + [5.0] * 2
    assert predicted(model, data.withColumn("x", data["x"].cast("array<binary>"))) == lengths
    with pytest.raises(Exception, match="takes 2 strings a row, but column 'y' .* brings one"):
        predicted(model.copy({model.inputCol: "y"}), data)


@pytest.fixture(scope="module")
def pictures(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    """Images as Spark reads them, their files as bytes, and as arrays of arrays; y is their blue."""
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(8):
        red_green_blue = np.full((2, 3, 3), [200 + i, 100 + i, i], np.uint8)
        (folder / f"{i}.png").write_bytes(tf.io.encode_png(red_green_blue).numpy())
    name = "int(substring_index(substring_index({}, '/', -1), '.', 1)) id"
    images = spark.read.format("image").load(str(folder)).selectExpr("image", name.format("image.origin"))
    files = spark.read.format("binaryFile").load(str(folder)).selectExpr("content file", name.format("path"))
    pixel = "array(double(id), 100D + id, 200D + id)"
    nested = f"array_repeat(array_repeat({pixel}, 3), 2)"
    both = images.join(files, "id").selectExpr("*", "double(id) y", f"{nested} nested")
    return both.selectExpr("*", "flatten(flatten(nested)) flat").coalesce(2).cache()


def blue(x: tf.Tensor) -> tf.Tensor:
    """A graph whose loss is 0 if the first channel is what the label says."""
    y = tf.placeholder(tf.float32, [None], name="y")
    out = tf.identity(tf.reduce_mean(tf.cast(x, tf.float32), [1, 2])[:, 0], name="out")
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    return tf.losses.add_loss(tf.reduce_mean(tf.abs(out - y)) + tf.square(w))


@pytest.mark.parametrize("column", ["image", "nested", "flat"])
@oldest_only
def test_images_and_arrays_of_arrays(pictures: DataFrame, column: str) -> None:
    dtype = tf.uint8 if column == "image" else tf.float32
    model = fitted(lambda: blue(tf.placeholder(dtype, [None, 2, 3, 3], name="x")), pictures, inputCol=column)
    assert [row["loss"] for row in model.summary.history.collect()] == [0.0] * 2
    assert predicted(model, pictures) == list(map(float, range(8)))
    smaller = model.copy({model.inputCol: "turned"})
    turned = pictures.selectExpr("id", "array_repeat(array_repeat(array(0D, 1D, 2D), 2), 3) turned")
    with pytest.raises(Exception, match=r"'turned' .* a row of shape \[3, 2, 3\].*rows of shape \[2, 3, 3\]"):
        predicted(smaller, turned)
    with pytest.raises(Exception, match="whose rows have 2 dimensions, but tfInput 'x:0' takes 3"):
        smaller.transform(turned.selectExpr("turned[0] turned"))


@oldest_only
def test_encoded_images_are_decoded_in_the_graph(pictures: DataFrame) -> None:
    def build() -> tf.Tensor:
        x = tf.placeholder(tf.string, [None], name="x")
        decoded = tf.map_fn(lambda file: tf.io.decode_png(file, 3), x, tf.uint8)
        return blue(tf.reverse(tf.ensure_shape(decoded, [None, 2, 3, 3]), [3]))

    model = fitted(build, pictures, inputCol="file")
    assert [row["loss"] for row in model.summary.history.collect()] == [0.0] * 2
    assert predicted(model, pictures) == list(map(float, range(8)))
    files = [row["file"] for row in pictures.orderBy("id").collect()]
    assert model.predict([bytes(file) for file in files]).tolist() == list(map(float, range(8)))


@oldest_only
def test_sparse_vectors_stay_sparse(spark: SparkSession) -> None:
    size = 1 << 20  # a dense row would take 4 MiB

    def build() -> tf.Tensor:
        x = tf.sparse_placeholder(tf.float32, [None, size], name="x")
        y = tf.placeholder(tf.float32, [None], name="y")
        w = tf.get_variable("w", [1], initializer=tf.zeros_initializer())
        total = tf.reshape(tf.sparse_reduce_sum(x, 1), [-1], name="out")
        return tf.losses.add_loss(tf.reduce_mean(tf.abs(total - y)) + tf.reduce_sum(w * w))

    words = spark.range(600).selectExpr(
        "id", "float(1 + id % 3) y", "array_repeat('w', 1 + int(id % 3)) words"
    )
    data = HashingTF(numFeatures=size, inputCol="words", outputCol="x").transform(words).coalesce(2).cache()
    model = fitted(build, data, tfInput="x", validationFraction=0.2, spillLimit=2000)
    history = model.summary.history.collect()
    assert [(row["loss"], row["validationLoss"]) for row in history] == [(0.0, 0.0)] * 2
    assert predicted(model, data) == [1.0 + i % 3 for i in range(600)]
    assert model.predict(Vectors.sparse(size, [3, size - 1], [2.0, 5.0])) == 7.0
    with pytest.raises(
        Exception, match="'y', a column of type float, but tfInput 'x' is a sparse placeholder"
    ):
        predicted(model.copy({model.inputCol: "y"}), data)
