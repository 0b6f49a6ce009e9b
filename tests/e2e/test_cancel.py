"""A fit that somebody ends: nothing of it goes on, and the next one works."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import oldest_only
from estimators import accuracy, estimator
from processes import connections, free_port, listening, threads_of_fits
from sparkflow.fit import TrainingError


def ctrl_c(spark: SparkSession) -> None:
    """As a notebook's stop button."""
    os.kill(os.getpid(), signal.SIGINT)


def kill_the_job(spark: SparkSession) -> None:
    """As a click on "kill" in Spark's UI, beside a job."""
    context = spark.sparkContext
    for job in context.statusTracker().getActiveJobsIds():
        context._jsc.sc().cancelJob(job, "killed via the Web UI")


def kill_the_stage(spark: SparkSession) -> None:
    context = spark.sparkContext
    for stage in context.statusTracker().getActiveStageIds():
        context._jsc.sc().cancelStage(stage, "killed via the Web UI")


@pytest.mark.parametrize(
    ("end", "mode", "error", "words"),
    [
        (ctrl_c, "sync", KeyboardInterrupt, None),
        pytest.param(kill_the_job, "hogwild", TrainingError, "killed via the Web UI", marks=oldest_only),
        pytest.param(kill_the_stage, "sync", TrainingError, "killed via the Web UI", marks=oldest_only),
    ],
)
def test_nothing_goes_on_and_the_next_fit_works(
    spark: SparkSession,
    gaussians: Callable[..., DataFrame],
    end: Callable[[SparkSession], None],
    mode: str,
    error: type[BaseException],
    words: str | None,
) -> None:
    data = gaussians(2)
    port = free_port()
    ended: list[int] = []

    def strike(loss: float, iteration: int, partition: int) -> None:
        if not ended:
            assert connections(port)
            ended.append(iteration)
            end(spark)

    with pytest.raises(error, match=words):
        estimator(iters=100_000, mode=mode, port=port, loss_callback=strike).fit(data)
    assert ended
    assert (listening(port), connections(port)) == ([], [])
    assert threads_of_fits(spark) == []
    assert spark.sparkContext.statusTracker().getActiveJobsIds() == []
    # Its tasks may take some seconds to end, for which a fit that needs all slots waits.
    assert accuracy(estimator(mode=mode).fit(data), data) >= 0.86
    data.unpersist()
