"""Workers that are lost while they train: no gradient is applied twice, and none is lost for good."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from conftest import first_everywhere, oldest_only
from faults import inject
from faults.training import Training

WORKER_TIMEOUT = 4  # seconds: enough for a machine that is busy

FAULTS = {
    "a worker killed, sync": ("sync", inject.kill),
    "a worker killed, hogwild": ("hogwild", inject.kill),
    "a worker killed, locked": ("locked", inject.kill),
    "a worker killed, ssp": ("ssp", inject.kill),
    "an executor killed": ("sync", inject.kill_executor),
    "a connection cut": ("sync", inject.cut),
    "a connection reset": ("locked", inject.reset),
    "a worker stopped, sync": ("sync", inject.stop),
    "a worker stopped, hogwild": ("hogwild", inject.stop),
}


@pytest.fixture(scope="module")
def training(spark: SparkSession) -> Training:
    return Training(spark)


@pytest.mark.parametrize("name", first_everywhere(FAULTS))
def test_the_retried_task_goes_on_where_its_partition_was(training: Training, port: int, name: str) -> None:
    mode, fault = FAULTS[name]
    strike = inject.At(5, port, fault)
    model = training.fit(mode, port=port, loss_callback=strike, workerTimeout=WORKER_TIMEOUT)
    assert strike.struck == 1
    assert model.summary.retries >= 1
    training.check(model)


@oldest_only
def test_a_worker_that_stalls_for_less_than_its_timeout_goes_on(training: Training, port: int) -> None:
    strike = inject.At(5, port, inject.stall(2))
    model = training.fit("ssp", port=port, loss_callback=strike)
    assert strike.struck == 1
    assert model.summary.retries == 0
    training.check(model)


@oldest_only
def test_a_task_that_is_run_twice_at_once_counts_once(training: Training, port: int) -> None:
    """A worker stands still; Spark starts its task elsewhere, too, and that one takes over."""
    model = training.fit("locked", port=port, loss_callback=inject.At(5, port, inject.stall(60)))
    assert model.summary.retries >= 1
    training.check(model)
