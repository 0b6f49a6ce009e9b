"""A fitted model beside transform: called on the driver, in SQL, and over a stream."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyspark.errors import IllegalArgumentException
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, SparkSession

import graphs
import sparkflow
from conftest import overlapping
from estimators import estimator
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel


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


def test_a_model_is_a_function_of_sql(
    spark: SparkSession,
    data: DataFrame,
    model: SparkAsyncDLModel,
    transformed: tuple[np.ndarray, np.ndarray],
) -> None:
    sparkflow.register("net", model)
    hidden = model.copy({model.tfOutput: "dense/Relu:0"})
    sparkflow.register("Hidden", hidden, spark)
    data.createOrReplaceTempView("points")
    scored = spark.sql("select net(features) as p from points where label >= 0")
    assert dict(scored.dtypes) == {"p": "double"}
    np.testing.assert_array_equal([r["p"] for r in scored.collect()], transformed[1])
    scored = spark.sql("select hidden(features) as h from points")
    assert dict(scored.dtypes) == {"h": "array<double>"}
    np.testing.assert_allclose([r["h"] for r in scored.collect()], hidden.predict(transformed[0]), rtol=1e-5)
    mean = spark.sql("select label, avg(net(features)) m from points group by label order by label").collect()
    labels = np.array([r["label"] for r in data.collect()])
    np.testing.assert_allclose([r["m"] for r in mean], [transformed[1][labels == v].mean() for v in (0, 1)])
    one = spark.range(1).selectExpr("net(array(0.5, 1.5)) as p").first()["p"]
    assert one == pytest.approx(model.predict([0.5, 1.5]), rel=1e-6)


def test_sql_sees_that_two_calls_are_the_same(
    spark: SparkSession, data: DataFrame, model: SparkAsyncDLModel
) -> None:
    sparkflow.register("net", model)
    data.createOrReplaceTempView("points")
    once = spark.sql("select net(features), 1 - net(features) as no from points")
    assert once.columns == ["net(features)", "no"]
    assert once._jdf.queryExecution().optimizedPlan().toString().count("[net(features#") == 1
    groups = spark.sql("select net(features), count(*) n from points group by net(features)").collect()
    assert sum(row.n for row in groups) == data.count()
    named = spark.range(1).selectExpr("net(array(0.5, 1.5))", "net(array(id, 2))").columns
    assert named == ["net(array(0.5, 1.5))", "net(array(id, 2))"]
    assert model.transform(data).sameSemantics(model.transform(data))
    assert not model.transform(data).sameSemantics(
        model.copy({model.tfOutput: "dense/Relu:0"}).transform(data)
    )


def test_numbers_drawn_in_the_query_are_scored(spark: SparkSession, model: SparkAsyncDLModel) -> None:
    sparkflow.register("net", model)
    rows = spark.range(5).selectExpr("net(array(rand(1), rand(2))) as p").collect()
    assert all(0 < row.p < 1 for row in rows) and len({row.p for row in rows}) == 5


def test_a_classifier_in_sql_gives_the_class(
    spark: SparkSession, data: DataFrame, model: SparkAsyncDLModel, transformed: tuple[np.ndarray, np.ndarray]
) -> None:
    sparkflow.register("net", model.copy({model.thresholds: [0.2, 0.8]}))
    rows = data.selectExpr("net(features) as p").collect()
    assert [r["p"] for r in rows] == [float(p > 0.8) for p in transformed[1]]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("net(features, label)", r"net takes one argument, .* such as net\(features\), but got 2"),
        ("net('text')", "inputCol is 'features', a column of type string: expected an ML vector"),
    ],
)  # fmt: skip
def test_a_wrong_argument_in_sql(data: DataFrame, model: SparkAsyncDLModel, query: str, message: str) -> None:
    sparkflow.register("net", model)
    with pytest.raises(IllegalArgumentException, match=message):
        data.selectExpr(query)


def test_what_cannot_be_registered(model: SparkAsyncDLModel) -> None:
    wrong = {
        "my net": "'my net' is no name of a SQL function",
        "": "'' is no name",
        "ABS": "'ABS' is a function of Spark's own",
    }
    for name, message in wrong.items():
        with pytest.raises(IllegalArgumentException, match=message):
            sparkflow.register(name, model)
    with pytest.raises(IllegalArgumentException, match="no node 'nowhere'"):
        sparkflow.register("net", model.copy({model.tfOutput: "nowhere:0"}))
    with pytest.raises(TypeError, match="takes a SparkAsyncDLModel, got PipelineModel: give the one"):
        sparkflow.register("net", PipelineModel([model]))
    with pytest.raises(TypeError, match="name must be a str"):
        sparkflow.register(model, "net")  # type: ignore[arg-type]


def test_a_stream_is_scored_by_one_session_a_worker(spark: SparkSession, tmp_path: Path) -> None:
    files = 8
    rows = [(float(i), float(10 * i)) for i in range(3 * files)]
    fitted = SparkAsyncDL(
        inputCol="features", tensorflowGraph=graphs.counting(), tfInput="x:0", tfOutput="seen:0",
        tfOptimizer="gradient_descent", iters=1, partitions=1,
    )  # fmt: skip
    pipeline = Pipeline(stages=[VectorAssembler(inputCols=["a", "b"], outputCol="features"), fitted])
    model = pipeline.fit(spark.createDataFrame(rows[:1], "a double, b double"))
    for i in range(files):
        lines = "".join(f"{a},{b}\n" for a, b in rows[3 * i : 3 * i + 3])
        (tmp_path / f"{i}.csv").write_text(lines)
    stream = spark.readStream.schema("a double, b double").option("maxFilesPerTrigger", 1).csv(str(tmp_path))
    assert model.transform(stream).isStreaming
    query = (
        model.transform(stream).select("a", "b", "predicted")
        .writeStream.format("memory").queryName("scored").trigger(availableNow=True).start()
    )  # fmt: skip
    assert query.awaitTermination(120)
    assert sum(batch["numInputRows"] > 0 for batch in query.recentProgress) == files
    scored = spark.sql("select a, b, predicted from scored order by a").collect()
    assert [(r["a"], r["b"]) for r in scored] == rows
    assert [r["predicted"][0] for r in scored] == [a + b for a, b in rows]
    # Each session counts its batches; those that began anew are at most as many as there are tasks at once.
    counts = [r["predicted"][1] for r in scored[::3]]
    assert 1 <= counts.count(1.0) <= 2
    assert sorted(counts) == sorted(float(i + 1) for share in _shares(counts) for i in range(share)), (
        f"a session was lost between micro-batches: {counts}"
    )


def _shares(counts: list[float]) -> list[int]:
    """How many batches each session had: as many got as far as batch i as there are counts of i."""
    reached = [counts.count(float(i + 1)) for i in range(len(counts))]
    return [sum(r > session for r in reached) for session in range(reached[0])]
