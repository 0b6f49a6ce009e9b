"""Several columns in, each to a placeholder of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, SparkSession

import sparkflow
from conftest import oldest_only
from estimators import assert_equal_bits
from sparkflow.graph_utils import build_graph
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip


@pytest.fixture(scope="module")
def people(spark: SparkSession) -> DataFrame:
    """Columns a, b and id in; y and z to be learnt; all of them, and the labels, also as vectors."""
    data = spark.range(200).selectExpr(
        "rand(1) a",
        "array(rand(2), rand(3)) b",
        "int(id % 7) id",
        "double(id % 3) + rand(4) z",
        "id % 5 = 0 held",
    )
    data = data.selectExpr("*", "a + 2 * b[0] - b[1] + id y").selectExpr("*", "b[0] b0", "b[1] b1")
    data = VectorAssembler(inputCols=["a", "b0", "b1", "id"], outputCol="all").transform(data)
    return VectorAssembler(inputCols=["y", "z"], outputCol="labels").transform(data).coalesce(2).cache()


def apart() -> tf.Tensor:
    a = tf.placeholder(tf.float32, [None], name="a")
    b = tf.placeholder(tf.float32, [None, 2], name="b")
    i = tf.placeholder(tf.int32, [None, 1], name="i")
    y = tf.placeholder(tf.float32, [None], name="y")
    z = tf.placeholder(tf.float32, [None, 1], name="z")
    return net(tf.concat([a[:, None], b], 1), i, tf.concat([y[:, None], z], 1))


def together() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    return net(x[:, :3], tf.cast(x[:, 3:], tf.int32), y)


def net(x: tf.Tensor, i: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    rows = tf.nn.embedding_lookup(tf.get_variable("table", [7, 3]), i)
    joined = tf.concat([x, tf.reshape(rows, [-1, 3])], 1)
    out = tf.matmul(joined, tf.get_variable("kernel", [6, 2]), name="out")
    return tf.losses.mean_squared_error(y, out)


def estimator(graph: str, **changes: object) -> SparkAsyncDL:
    params = {
        "tfOutput": "out:0",
        "mode": "sync",
        "iters": 3,
        "miniBatchSize": 16,
        "partitions": 2,
        "seed": 3,
    }
    return SparkAsyncDL(**{"tensorflowGraph": graph, **params, **changes})


SEVERAL = {
    "inputCols": ["id", "a", "b"],
    "tfInputs": ["i:0", "a:0", "b:0"],
    "labelCols": ["y", "z"],
    "tfLabels": ["y:0", "z:0"],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"validationIndicatorCol": "held"},
        pytest.param({"sparseTables": False, "spillLimit": 1000}, marks=oldest_only),
        pytest.param({"mode": "locked", "partitions": 1, "localSteps": 2}, marks=oldest_only),
    ],
    ids=["rows", "whole, spilled", "local steps"],
)
def test_several_columns_train_as_one_that_joins_them(people: DataFrame, changes: dict[str, object]) -> None:
    one = {"inputCol": "all", "labelCol": "labels", "tfLabel": "y:0"}
    joined = estimator(build_graph(together), **one, **changes).fit(people)
    several = estimator(build_graph(apart), **SEVERAL, **changes).fit(people)
    assert_equal_bits(several, joined)
    losses = [[r["validationLoss"] for r in m.summary.history.collect()] for m in (several, joined)]
    assert losses[0] == losses[1]


@oldest_only
def test_a_transform_function_is_refused_with_several(people: DataFrame) -> None:
    with pytest.raises(Exception, match=r"transformFn is set, but .*takes one features column and one label"):
        estimator(build_graph(apart), **SEVERAL, transformFn="numpy.add").fit(people)


def test_the_model_is_fed_likewise_after_it_was_saved(people: DataFrame, tmp_path: Path) -> None:
    model = estimator(build_graph(apart), **SEVERAL, iters=1).fit(people)
    model.save(str(tmp_path / "model"))
    loaded = SparkAsyncDLModel.load(str(tmp_path / "model"))
    assert loaded.getInputCols() == ["id", "a", "b"] and loaded.getTfInputs() == ["i:0", "a:0", "b:0"]
    table, kernel = model.get_weights()
    rows = loaded.transform(people).select("id", "a", "b", "predicted").collect()
    joined = np.array([[r["a"], *r["b"], *table[r["id"]]] for r in rows])
    np.testing.assert_allclose(
        [r["predicted"].toArray() for r in rows], joined @ kernel, rtol=1e-4, atol=1e-5
    )


def test_in_sql_they_are_given_in_order_or_by_name(people: DataFrame) -> None:
    model = estimator(build_graph(apart), **SEVERAL, iters=1).fit(people)
    sparkflow.register("several", model)
    expected = [list(row["predicted"]) for row in model.transform(people).collect()]
    for call in ("several(id, a, b)", "several(b => b, id => id, A => a)", "several(id, b => b, a => a)"):
        assert [row["p"] for row in people.selectExpr(f"{call} as p").collect()] == expected
    for call, why in {
        "several(id, a)": "but got 2",
        "several(id, a, c => b)": "but 'c' is none of them",
        "several(id, a, id => id)": "but 'id' is given twice",
        "several(b => b, id, a)": "without a name behind one with a name|positional",
    }.items():
        with pytest.raises(Exception, match=why):
            people.selectExpr(call)


def test_a_keras_model_with_two_inputs_and_two_outputs(people: DataFrame, tmp_path: Path) -> None:
    keras.utils.set_random_seed(4)
    number, point = keras.Input((1,), dtype="int32", name="number"), keras.Input((2,), name="point")
    joined = layers.concatenate([layers.Flatten()(layers.Embedding(7, 4)(number)), point])
    outputs = [
        layers.Dense(1, name="sum")(joined),
        layers.Dense(7, activation="softmax", name="kind")(joined),
    ]
    model = keras.Model([number, point], outputs)
    model.compile(keras.optimizers.Adam(0.05), loss={"sum": "mse", "kind": "sparse_categorical_crossentropy"})
    net = SparkAsyncDL(
        model=model,
        inputCols={"point": "b", "number": "id"},
        labelCols={"sum": "y", "kind": "id"},
        partitions=2,
        iters=20,
        miniBatchSize=16,
        seed=3,
        outputCols={"kind": "kind", "sum": "total"},
    )
    fitted = net.fit(people)
    fitted.save(str(tmp_path / "model"))
    loaded = SparkAsyncDLModel.load(str(tmp_path / "model"))
    out = loaded.transform(people)
    assert out.columns == [*people.columns, "total", "kind"]
    assert out._jdf.queryExecution().executedPlan().toString().count("sparkflow_predict(") == 1
    rows = out.collect()
    assert np.mean([r["id"] == r["kind"].argmax() for r in rows]) > 0.9
    given = [np.array([[r["id"]] for r in rows], "i4"), np.array([r["b"] for r in rows], "f4")]
    total, kind = fitted.to_keras().predict(given, verbose=0)
    np.testing.assert_allclose([r["total"] for r in rows], total[:, 0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose([r["kind"].toArray() for r in rows], kind, rtol=1e-4, atol=1e-5)
    here = loaded.predict({"id": given[0], "b": given[1]})
    np.testing.assert_allclose(here["kind"], kind, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(here["total"], total[:, 0], rtol=1e-4, atol=1e-5)
    with pytest.raises(Exception, match="outputCols is set, but two can give one output"):
        sparkflow.register("two", loaded)
    fitted.save_tensorflow(str(tmp_path / "out"))
    ours = {"x_point": "b", "x_number": "id"}
    back = SparkAsyncDLModel.load_tensorflow(
        str(tmp_path / "out"), inputCols=ours, outputCols={"out_kind": "kind", "out_sum": "total"}
    )
    again = back.transform(people).select("total", "kind").collect()
    np.testing.assert_allclose([r["total"] for r in again], total[:, 0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose([r["kind"].toArray() for r in again], kind, rtol=1e-4, atol=1e-5)


@oldest_only
def test_weights_of_classes_are_refused_with_several_labels(people: DataFrame) -> None:
    weighted = {"tfSampleWeight": "y:0", "classWeights": {0: 2.0}}
    with pytest.raises(Exception, match="classWeights is set, but .*'y', 'z'.* are labels, and it is one"):
        estimator(build_graph(apart), **SEVERAL, **weighted).fit(people)
