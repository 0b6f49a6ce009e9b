"""What a model tells of the fit that made it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

import graphs
from conftest import first_everywhere, uneven
from estimators import estimator
from sparkflow.ml import SparkAsyncDLModel


def fit(data: DataFrame, **changes: object) -> SparkAsyncDLModel:
    return estimator(**{"iters": 4, "miniBatchSize": 50, **changes}).fit(data)


def test_it_counts_what_was_done_and_survives_save_and_load(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2, rows=400).coalesce(2).cache()
    summary = fit(data, mode="locked", transport="tcp").summary
    rows = summary.partitionRows
    assert sum(rows) == 400
    assert summary.mode == "locked"
    assert summary.samples == 4 * 400
    assert summary.steps == 4 * sum(-(-count // 50) for count in rows) == sum(summary.stalenessHistogram)
    assert summary.totalIterations == 4 == len(summary.objectiveHistory)
    assert summary.objectiveHistory[-1] < summary.objectiveHistory[0]
    assert summary.retries == 0
    # 2 * 12 + 12 + 12 + 1 weights of 4 bytes, both ways with each step, and little besides.
    assert summary.steps * 196 < summary.bytesReceived < summary.steps * 196 + 20_000
    assert summary.steps * 196 < summary.bytesSent < summary.steps * 196 + 20_000
    assert 0 < summary.waitSeconds < 2 * summary.seconds
    assert summary.samplesPerSecond > 0

    history = summary.history.orderBy("iteration").collect()
    assert [row.loss for row in history] == summary.objectiveHistory
    assert [row.samples for row in history] == [400] * 4
    assert [row.seconds for row in history] == sorted(row.seconds for row in history)

    model = fit(data, iters=2)
    model.save(str(tmp_path / "model"))
    assert repr(SparkAsyncDLModel.load(str(tmp_path / "model")).summary) == repr(model.summary)
    assert "2 iterations" in repr(model.summary)


def test_empty_partitions_are_said(spark: SparkSession) -> None:
    rows = [(float(i % 2), Vectors.dense(i % 2, 1.0)) for i in range(31)]
    data = uneven(spark.createDataFrame(rows, ["label", "features"]), 1, 0, 30)
    summary = fit(data, partitions=3).summary
    assert summary.partitionRows == [1, 0, 30]
    assert "3 partitions of 0 to 30 rows, 1 of them empty" in repr(summary)


def test_waves_are_said(spark: SparkSession, gaussians: Callable[..., DataFrame]) -> None:
    """On two task slots."""
    summary = fit(gaussians(2, partitions=5), partitions=5).summary
    assert 1 <= summary.workersAtOnce <= 2
    assert f", trained in waves of at most {summary.workersAtOnce} at once" in repr(summary)
    together = fit(gaussians(2, partitions=2), mode="sync").summary
    assert together.workersAtOnce == 2
    assert "waves" not in repr(together)


@pytest.mark.parametrize("mode", first_everywhere(["locked", "sync", "ssp"]))
def test_a_row_beside_a_thousand_is_trained_as_often_as_each_of_them(
    gaussians: Callable[..., DataFrame], mode: str
) -> None:
    # Two task slots: in locked, where nobody waits, there are more partitions, which train in waves.
    counts = [1, 1000, 0, 2, 1] if mode == "locked" else [1, 1000]
    summary = fit(uneven(gaussians(2, rows=sum(counts)), *counts), mode=mode, partitions=5).summary
    steps = [4 * -(-count // 50) for count in counts]
    assert summary.steps == (max(steps) if mode == "sync" else sum(steps))
    assert summary.samples == 4 * sum(counts)
    assert [row.samples for row in summary.history.orderBy("iteration").collect()] == 4 * [sum(counts)]
    assert summary.partitionRows == counts
    assert f"{len(counts)} partitions of {min(counts)} to 1000 rows" in repr(summary)


def test_a_model_of_arrays_has_none(gaussians: Callable[..., DataFrame]) -> None:
    fitted = fit(gaussians(2), iters=1)
    made = SparkAsyncDLModel._of(
        graphs.classifier(),
        fitted._java_obj.layoutJson(),
        fitted._java_obj.weightsBytes(),
        fitted._java_obj.stateBytes(),
    )
    assert fitted.hasSummary
    assert not made.hasSummary
    with pytest.raises(RuntimeError, match="hasSummary"):
        _ = made.summary
