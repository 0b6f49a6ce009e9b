"""Fits that are cut short and go on from their checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

import graphs
import lost_driver
from conftest import ids_and_targets, oldest_only, uneven
from estimators import accuracy, assert_equal_bits, estimator

DRIVER_TIMEOUT = 300  # seconds; it takes about 30


class Enough(Exception):
    """Ends a fit from its loss_callback."""


def stop_at(number: int) -> Callable[[float, int, int], None]:
    def stop(loss: float, iteration: int, partition: int) -> None:
        if iteration >= number:
            raise Enough

    return stop


def cut_short(net: Any, data: DataFrame, iteration: int) -> None:
    with pytest.raises(Enough):
        net.copy().setLossCallback(stop_at(iteration)).fit(data)


def test_a_fit_whose_driver_was_killed_ends_with_the_bits_of_one_that_was_not(
    spark: SparkSession, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    paths = [str(Path(__file__).parent), *sys.path]
    done = subprocess.run(
        [sys.executable, lost_driver.__file__, str(killed)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)},
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=DRIVER_TIMEOUT,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-4000:]

    data = lost_driver.data(spark).cache()
    whole = lost_driver.net(tmp_path / "whole").fit(data)
    resumed = lost_driver.net(killed, resume=True).fit(data)
    assert_equal_bits(whole, resumed)
    assert 5 <= resumed.summary.resumedFrom < 56 == resumed.summary.steps
    assert resumed.summary.resumedFrom % 5 == 0
    one, other = whole.summary, resumed.summary
    assert other.samples == one.samples == 8 * 300
    assert other.partitionRows == [200, 100]
    assert other.stalenessHistogram == one.stalenessHistogram
    np.testing.assert_allclose(other.objectiveHistory, one.objectiveHistory, rtol=1e-12)
    assert one.resumedFrom == 0
    assert one.checkpoints >= 2
    assert one.checkpointFailures == 0
    assert len(list((tmp_path / "whole").iterdir())) == 2
    assert not list(killed.glob(".*"))

    # It has ended: there is nothing to do but to return it.
    again = lost_driver.net(killed, resume=True).fit(data)
    assert_equal_bits(whole, again)
    assert again.summary.resumedFrom == again.summary.steps == 56
    assert again.summary.objectiveHistory == other.objectiveHistory

    # More iterations go on from there.
    longer = lost_driver.net(killed, resume=True, iters=10).fit(data)
    assert (longer.summary.resumedFrom, longer.summary.steps) == (56, 70)

    with pytest.raises(
        Exception, match=r"other settings: miniBatchSize was 32 and is 20; seed was 3 and is 4"
    ):
        lost_driver.net(killed, resume=True, miniBatchSize=20, seed=4).fit(data)
    with pytest.raises(Exception, match=r"iters was 10 and is 3 \(it may grow"):
        lost_driver.net(killed, resume=True, iters=3).fit(data)
    with pytest.raises(Exception, match="has 1 partitions to train on, but had 2 when the checkpoint"):
        lost_driver.net(killed, resume=True, iters=11).fit(data.coalesce(1))
    with pytest.raises(Exception, match="has checkpoints of a fit already: set resume to true"):
        lost_driver.net(killed).fit(data)


@oldest_only
@pytest.mark.parametrize(
    "changes",
    [{"mode": "hogwild"}, {"mode": "ssp", "partitionShuffles": 2}, {"mode": "locked", "localSteps": 3}],
    ids=str,
)
def test_no_update_is_lost_or_doubled(
    gaussians: Callable[..., DataFrame], tmp_path: Path, changes: dict[str, Any]
) -> None:
    data = uneven(gaussians(2, rows=300), 200, 100).cache()
    settings = {"iters": 12, "checkpointDir": str(tmp_path), "checkpointInterval": 3, **changes}
    net = estimator(**settings)
    cut_short(net, data, 6)
    model = net.copy().setResume(True).fit(data)
    assert 3 <= model.summary.resumedFrom < model.summary.steps
    if "partitionShuffles" not in changes:  # which deals the rows anew
        updates = {3: 3 + 2}.get(changes.get("localSteps", 1), 7 + 4)
        assert model.summary.steps == 12 * updates
    assert model.summary.samples == 300 * 12 * changes.get("partitionShuffles", 1)
    assert model.summary.totalIterations == 12 * changes.get("partitionShuffles", 1)
    assert accuracy(model, data) >= 0.86


@oldest_only
def test_rows_of_tables_and_adams_idle_rows_go_on_to_the_bit(spark: SparkSession, tmp_path: Path) -> None:
    data = uneven(ids_and_targets(spark), 25, 15).cache()

    def net(**changes: Any) -> Any:
        graph = {"tensorflowGraph": graphs.embedding(), "tfOutput": "pred:0", "miniBatchSize": 8}
        return estimator(mode="sync", iters=6, **graph, **changes)

    short = net(checkpointDir=str(tmp_path), checkpointInterval=7)
    cut_short(short, data, 3)
    resumed = short.copy().setResume(True).fit(data)
    assert resumed.summary.resumedFrom >= 7
    assert_equal_bits(resumed, net().fit(data))  # and a fit that writes none comes to the same


@oldest_only
def test_resume_with_nothing_there_starts_from_the_beginning(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2, rows=100)
    model = estimator(iters=2, checkpointDir=str(tmp_path / "new" / "one"), resume=True).fit(data)
    assert model.summary.resumedFrom == 0
    assert model.summary.checkpoints == 1  # the end
    with pytest.raises(Exception, match="resume is true but checkpointDir is not set"):
        estimator(resume=True).fit(data)
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match="checkpointDir is '.*below', where nothing can be written"):
        estimator(checkpointDir=str(tmp_path / "file" / "below")).fit(data)
