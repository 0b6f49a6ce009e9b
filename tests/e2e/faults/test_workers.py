"""Workers that are lost while they train: no gradient is applied twice, none is lost but those in flight."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import first_everywhere, oldest_only, overlapping, uneven
from estimators import accuracy, estimator
from faults import inject
from sparkflow.ml import SparkAsyncDLModel

ITERS, BATCH, ROWS = 30, 32, (250, 150)
MODES = ("sync", "hogwild", "locked", "ssp")


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, list[np.ndarray]]:
    """What fits without a fault give, once they were made."""
    return {}


@pytest.fixture(scope="module")
def data(spark: SparkSession) -> DataFrame:
    return uneven(overlapping(spark, rows=sum(ROWS)), *ROWS)


def fit(data: DataFrame, **changes: object) -> SparkAsyncDLModel:
    return estimator(**{"iters": ITERS, "miniBatchSize": BATCH, **changes}).fit(data)


def assert_each_gradient_once(model: SparkAsyncDLModel, data: DataFrame) -> None:
    """What the server has counted, per worker, attempt and step, is what a fit without a fault makes."""
    summary = model.summary
    steps = [ITERS * ceil(rows / BATCH) for rows in ROWS]
    assert summary.steps == (max(steps) if summary.mode == "sync" else sum(steps))
    assert summary.samples == ITERS * sum(ROWS)
    assert summary.partitionRows == list(ROWS)
    assert accuracy(model, data) >= 0.86


FAULTS = {
    **{f"a worker killed, {mode}": (mode, inject.kill) for mode in MODES},
    "an executor killed": ("sync", inject.kill_executor),
    "a connection cut": ("sync", inject.cut),
    "a connection reset": ("locked", inject.reset),
}


@pytest.mark.parametrize("name", first_everywhere(FAULTS))
def test_the_retried_task_goes_on_where_its_partition_was(
    data: DataFrame, undisturbed: dict[str, list[np.ndarray]], port: int, name: str
) -> None:
    mode, fault = FAULTS[name]
    strike = inject.At(5, port, fault)
    model = fit(data, mode=mode, port=port, loss_callback=strike)
    assert strike.struck == 1
    assert model.summary.retries >= 1
    assert_each_gradient_once(model, data)
    if mode == "sync":
        if not undisturbed:
            undisturbed[mode] = fit(data, mode=mode).get_weights()
        for one, other in zip(undisturbed[mode], model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


@oldest_only
def test_a_task_that_is_run_twice_at_once_counts_once(data: DataFrame, port: int) -> None:
    """A worker stands still; Spark starts its task elsewhere, too, and that one takes over."""
    model = fit(data, mode="locked", port=port, loss_callback=inject.At(5, port, inject.stall(60)))
    assert model.summary.retries >= 1
    assert_each_gradient_once(model, data)
