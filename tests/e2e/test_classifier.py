"""A classifier's output as Spark's own classifiers give it, and Spark's evaluators on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator
from pyspark.sql import DataFrame

import graphs
from estimators import estimator
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel


@pytest.fixture(scope="module")
def fitted(gaussians: Callable[..., DataFrame]) -> tuple[SparkAsyncDLModel, DataFrame]:
    data = gaussians(2)
    net = estimator(
        iters=10,
        probabilityCol="probability",
        rawPredictionCol="rawPrediction",
        predictionCol="prediction",
    )
    return net.fit(data), data


def test_sparks_evaluators_take_the_columns(fitted: tuple[SparkAsyncDLModel, DataFrame]) -> None:
    model, data = fitted
    out = model.transform(data)
    assert out.columns[-3:] == ["rawPrediction", "probability", "prediction"]
    rows = out.collect()
    p = np.array([r["probability"][1] for r in rows])
    labels = np.array([r["label"] for r in rows])
    assert all(r["prediction"] == float(r["probability"][1] > 0.5) for r in rows)
    log_loss = -np.mean(np.log(np.where(labels == 1, p, 1 - p)))
    found = MulticlassClassificationEvaluator(metricName="logLoss").evaluate(out)
    assert found == pytest.approx(log_loss, rel=1e-6)
    assert MulticlassClassificationEvaluator(metricName="accuracy").evaluate(out) > 0.9
    one, zero = p[labels == 1], p[labels == 0]
    area = np.mean((one[:, None] > zero) + 0.5 * (one[:, None] == zero))
    assert BinaryClassificationEvaluator().evaluate(out) == pytest.approx(area, abs=1e-3)


def test_logits_make_the_same_columns(fitted: tuple[SparkAsyncDLModel, DataFrame]) -> None:
    model, data = fitted
    logits = model.copy({model.tfOutput: "outer/BiasAdd:0", model.fromLogits: True})
    expected = np.array([r["probability"].toArray() for r in model.transform(data).collect()])
    rows = logits.transform(data).collect()
    np.testing.assert_allclose([r["probability"].toArray() for r in rows], expected, atol=1e-6)
    assert all(r["rawPrediction"][0] == -r["rawPrediction"][1] for r in rows)


def test_thresholds_move_the_prediction_and_are_saved(
    fitted: tuple[SparkAsyncDLModel, DataFrame], tmp_path: Path
) -> None:
    model, data = fitted
    path = str(tmp_path / "model")
    model.copy({model.thresholds: [0.9, 0.1]}).write().save(path)
    loaded = SparkAsyncDLModel.load(path)
    assert loaded.getThresholds() == [0.9, 0.1]
    rows = loaded.transform(data).collect()
    assert all(r["prediction"] == float(r["probability"][1] / 0.1 > r["probability"][0] / 0.9) for r in rows)


def test_logits_that_were_not_said_to_be_are_an_error(fitted: tuple[SparkAsyncDLModel, DataFrame]) -> None:
    model, data = fitted
    wrong = model.copy({model.tfOutput: "outer/BiasAdd:0"})
    with pytest.raises(Exception, match="which is no probability for each class: set fromLogits if"):
        wrong.transform(data).collect()


def test_a_sessions_output_is_computed_once(fitted: tuple[SparkAsyncDLModel, DataFrame]) -> None:
    model, data = fitted
    plan = model.transform(data)._jdf.queryExecution().executedPlan().toString()
    assert plan.count("sparkflow_predict(") == 1


def test_columns_of_an_estimator_are_checked_before_training(gaussians: Callable[..., DataFrame]) -> None:
    net: SparkAsyncDL = estimator(tensorflowGraph=graphs.classifier(), thresholds=[0.2, 0.3, 0.5])
    with pytest.raises(Exception, match="thresholds has 3 values, but tfOutput tells of 2 classes"):
        net.fit(gaussians(2))
