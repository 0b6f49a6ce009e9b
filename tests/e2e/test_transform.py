from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pyspark.ml.linalg import DenseVector, Vectors
from pyspark.sql import DataFrame, SparkSession

import graphs
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel
from test_training import estimator


@pytest.fixture(scope="module")
def line(spark: SparkSession) -> SparkAsyncDLModel:
    """y = 2 x + 1, nearly."""
    x = np.linspace(-1, 1, 64)
    data = spark.createDataFrame([(float(2 * v + 1), float(v)) for v in x], ["label", "features"])
    return SparkAsyncDL(
        inputCol="features",
        labelCol="label",
        tensorflowGraph=graphs.linear(),
        tfInput="x:0",
        tfLabel="y:0",
        tfOutput="pred:0",
        tfOptimizer="gradient_descent",
        tfLearningRate=0.3,
        iters=200,
        miniBatchSize=-1,
        partitions=1,
    ).fit(data)


@pytest.mark.parametrize(
    "schema", ["features double", "features float", "features int", "features array<double>",
               "features array<float>", "features boolean", "features decimal(10,2)"]
)  # fmt: skip
def test_kinds_of_input_columns(spark: SparkSession, line: SparkAsyncDLModel, schema: str) -> None:
    numbers = spark.createDataFrame([(0.0,), (1.0,)], "n double")
    kind = schema.split(" ", 1)[1]
    expression = f"cast(array(n) as {kind})" if kind.startswith("array") else f"cast(n as {kind})"
    data = numbers.selectExpr("n", f"{expression} as features")
    predicted = [r["predicted"] for r in line.transform(data).orderBy("n").collect()]
    np.testing.assert_allclose(predicted, [1.0, 3.0], atol=0.01)


def test_dense_and_sparse_vectors(spark: SparkSession, line: SparkAsyncDLModel) -> None:
    data = spark.createDataFrame(
        [(Vectors.dense(1.0),), (Vectors.sparse(1, [], []),), (Vectors.sparse(1, [0], [1.0]),)],
        ["features"],
    )
    predicted = [r["predicted"] for r in line.transform(data).collect()]
    np.testing.assert_allclose(predicted, [3.0, 1.0, 3.0], atol=0.01)


def test_keeps_columns_and_is_lazy(spark: SparkSession, line: SparkAsyncDLModel) -> None:
    data = spark.range(3).selectExpr("id", "'a' as name", "cast(id as double) as features")
    out = line.transform(data)
    assert out.columns == ["id", "name", "features", "predicted"]
    assert dict(out.dtypes)["predicted"] == "double"
    boom = data.selectExpr("cast(raise_error('touched') as double) as features")
    line.transform(boom)  # nothing runs until an action
    with pytest.raises(Exception, match="touched"):
        line.transform(boom).collect()


def test_scalar_is_double_and_vector_is_vector(
    spark: SparkSession, gaussians: Callable[..., DataFrame]
) -> None:
    data = gaussians(2)
    model = estimator(iters=1).fit(data)
    assert dict(model.transform(data).dtypes)["predicted"] == "double"
    wide = model.copy({model.tfOutput: "dense/Relu:0"})
    out = wide.transform(data)
    assert dict(out.dtypes)["predicted"] == "vector"
    first = out.first()["predicted"]
    assert isinstance(first, DenseVector) and len(first) == 12


def test_predictions_equal_numpy(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    model = estimator(iters=3).fit(data)
    k1, b1, k2, b2 = model.get_weights()
    rows = model.transform(data).collect()
    x = np.array([r["features"].toArray() for r in rows])
    expected = 1 / (1 + np.exp(-(np.maximum(x @ k1 + b1, 0) @ k2 + b2)))
    np.testing.assert_allclose([r["predicted"] for r in rows], expected[:, 0], rtol=1e-5)


@pytest.mark.parametrize(("keep", "seen"), [(True, 1.0), (False, 0.0)])
def test_dropout_placeholder_at_prediction(spark: SparkSession, keep: bool, seen: float) -> None:
    data = spark.createDataFrame([(1.0, 1.0), (2.0, 2.0)], ["label", "features"])
    model = estimator(
        tensorflowGraph=graphs.dropout(),
        tfOutput="seen:0",
        tfDropout="rate:0",
        toKeepDropout=keep,
        iters=1,
    ).fit(data)
    got = [r["predicted"] for r in model.transform(data).orderBy("label").collect()]
    assert got == [1.0 * seen, 2.0 * seen]


def test_empty_dataframe_transforms_to_empty(spark: SparkSession, line: SparkAsyncDLModel) -> None:
    assert line.transform(spark.createDataFrame([], "features double")).collect() == []


def test_models_side_by_side_and_one_after_the_other(spark: SparkSession, line: SparkAsyncDLModel) -> None:
    small = line.copy({line.inferenceBatchSize: 16})
    other = small.copy({line.inputCol: "half", line.predictionCol: "of half"})
    again = small.copy({line.inputCol: "predicted", line.predictionCol: "again"})
    numbers = spark.range(0, 1000, 1, 2).selectExpr("id", "id / 1000 as features", "id / 2000 as half")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 50)
    try:
        rows = again.transform(other.transform(small.transform(numbers))).collect()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert [row.id for row in rows] == list(range(1000))
    x = np.arange(1000) / 1000
    slope, bias = (value.item() for value in line.get_weights())
    np.testing.assert_allclose([row.predicted for row in rows], slope * x + bias, rtol=1e-5)
    np.testing.assert_allclose([row["of half"] for row in rows], slope * x / 2 + bias, rtol=1e-5)
    np.testing.assert_allclose([row.again for row in rows], slope * (slope * x + bias) + bias, rtol=1e-5)


@pytest.mark.parametrize("asked", [["predicted"], ["id", "predicted"], ["predicted", "features"]])
def test_what_nobody_asks_for_does_not_wait_for_python(
    spark: SparkSession, line: SparkAsyncDLModel, asked: list[str]
) -> None:
    data = spark.range(3).selectExpr("id", "'a' as name", "cast(id as double) as features").cache()
    node = line.transform(data).select(asked)._jdf.queryExecution().sparkPlan()
    while node.nodeName() != "Predict":
        node = node.children().head()
    passed = [node.passed().apply(i).name() for i in range(node.passed().size())]
    assert sorted(passed) == sorted(set(asked) - {"predicted"})


def test_plan_and_explain_hide_nothing_secret(
    spark: SparkSession, line: SparkAsyncDLModel, capsys: pytest.CaptureFixture[str]
) -> None:
    line.transform(spark.createDataFrame([(1.0,)], ["features"])).explain(True)
    assert "secret" not in capsys.readouterr().out


def test_a_row_of_another_width_is_told_without_a_workers_trace(
    spark: SparkSession, line: SparkAsyncDLModel
) -> None:
    rows = spark.createDataFrame([([1.0],), ([1.0, 2.0],)], "features array<double>")
    with pytest.raises(Exception, match="column 'features' .* 2 value.*'x:0' takes rows of shape") as raised:
        line.transform(rows).collect()
    assert "Traceback" not in str(raised.value)
