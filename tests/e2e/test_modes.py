"""The modes in which workers wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

import graphs
from conftest import ids_and_targets, oldest_only, uneven
from estimators import accuracy, assert_equal_bits, estimator


def test_sync_gives_the_same_bits_again(gaussians: Callable[..., DataFrame]) -> None:
    data = uneven(gaussians(2, rows=300), 200, 100).cache()
    net = estimator(mode="sync", iters=6, tensorflowGraph=graphs.batch_norm())
    first = net.fit(data)
    summary = first.summary
    assert summary.steps == 6 * 7  # as many as the larger partition has mini-batches
    assert summary.samples == 6 * 300
    assert summary.stalenessHistogram == [42]
    assert summary.waitSeconds > 0
    # The transport moves the same numbers.
    assert_equal_bits(first, net.copy().setTransport("tcp").fit(data))


def test_one_worker_is_the_same_in_every_mode(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2, rows=200, partitions=1)
    locked = estimator(mode="locked", iters=3, partitions=1).fit(data)
    for mode in ("sync", "ssp"):
        assert_equal_bits(locked, estimator(mode=mode, iters=3, partitions=1).fit(data))


@oldest_only
def test_two_sync_workers_are_one_with_both_batches(gaussians: Callable[..., DataFrame]) -> None:
    data = uneven(gaussians(2, rows=64), 24, 40).cache()
    params = {"miniBatchSize": -1, "tfOptimizer": "gradient_descent", "iters": 5}
    two = estimator(mode="sync", **params).fit(data)
    one = estimator(partitions=1, **params).fit(data)
    for a, b in zip(two.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "ssp", "maxStaleness": 1},
        pytest.param({"mode": "ssp", "stalenessDecay": True}, marks=oldest_only),
        pytest.param({"mode": "locked", "delayCompensation": 0.1}, marks=oldest_only),
        pytest.param({"mode": "sync", "partitionShuffles": 2, "iters": 10}, marks=oldest_only),
        pytest.param({"mode": "sync", "localSteps": 3}, marks=oldest_only),
        pytest.param({"mode": "sync", "compression": "int8", "transport": "tcp"}, marks=oldest_only),
    ],
    ids=str,
)
def test_they_train(gaussians: Callable[..., DataFrame], changes: dict[str, object]) -> None:
    data = gaussians(2)
    model = estimator(**changes).fit(data)
    assert accuracy(model, data) >= 0.86
    assert model.summary.mode == changes["mode"]


@oldest_only
def test_sync_with_empty_partitions_and_rows_of_tables(spark: SparkSession) -> None:
    data = uneven(ids_and_targets(spark), 40, 0).cache()
    net = estimator(
        tensorflowGraph=graphs.embedding(),
        tfOutput="pred:0",
        miniBatchSize=8,
        iters=4,
        optimizerOptions='{"beta2": 0.99}',  # the default is another in locked
    )
    fits = [net.copy().setMode(mode).fit(data) for mode in ("sync", "locked")]
    assert fits[0].summary.partitionRows == [40, 0]
    assert_equal_bits(*fits)


@oldest_only
def test_two_fits_at_once_do_not_take_half_of_the_slots_each(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    with ThreadPoolExecutor(2) as pool:
        models = list(pool.map(lambda seed: estimator(mode="sync", seed=seed, iters=5).fit(data), [1, 2]))
    assert [model.summary.samples for model in models] == [5 * 400, 5 * 400]


@pytest.mark.parametrize("mode", ["sync", "ssp"])
def test_more_partitions_than_slots_are_refused(gaussians: Callable[..., DataFrame], mode: str) -> None:
    data = gaussians(2, partitions=3)
    is_local = data.sparkSession.sparkContext.master.startswith("local")
    remedy = r"local\[3\]" if is_local else "more executors or cores"
    words = f"mode is '{mode}', in which all 3 workers .* 2 task slots: set partitions to 2, or .*{remedy}"
    with pytest.raises(Exception, match=words):
        estimator(mode=mode, partitions=3).fit(data)
