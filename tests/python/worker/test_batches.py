from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from sparkflow.worker.batches import BatchPlan, Taker

PLAN = BatchPlan(
    rows=20, mini_batch_size=6, mini_stochastic_iters=-1, shuffle=True, seed=-7, round=0, partition=1
)


def rows(plan, iteration):
    return [np.arange(plan.rows)[step].tolist() for step in plan.steps(iteration)]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("size", [1, 6, 7, 19, 20, 21, -1])
@pytest.mark.parametrize("count", [1, 2, 20])
def test_an_iteration_takes_every_row_once(count, size, shuffle):
    plan = replace(PLAN, rows=count, mini_batch_size=size, shuffle=shuffle)
    steps = rows(plan, 3)
    assert sorted(chain.from_iterable(steps)) == list(range(count))
    assert len(steps) == plan.steps_per_iteration
    assert all(len(step) == plan.batch for step in steps[:-1])
    assert 0 < len(steps[-1]) <= plan.batch


def test_without_shuffle_rows_stay_in_order():
    assert list(chain.from_iterable(rows(replace(PLAN, shuffle=False), 5))) == list(range(20))


def test_the_order_depends_on_seed_round_partition_and_iteration_only():
    base = rows(PLAN, 2)
    assert rows(replace(PLAN), 2) == base
    assert base != rows(replace(PLAN, shuffle=False), 2)
    for other in (replace(PLAN, seed=-6), replace(PLAN, round=1), replace(PLAN, partition=0)):
        assert rows(other, 2) != base
    assert rows(PLAN, 3) != base


@pytest.mark.parametrize(("size", "expected"), [(6, 6), (25, 20), (-1, 20)])
def test_stochastic_batches_are_drawn_without_replacement(size, expected):
    plan = replace(PLAN, mini_batch_size=size, mini_stochastic_iters=5, shuffle=False)
    steps = rows(plan, 0)
    assert len(steps) == plan.steps_per_iteration == 5
    for step in steps:
        assert len(set(step)) == len(step) == expected
    assert rows(plan, 0) == steps
    if size == 6:
        assert len({tuple(step) for step in steps}) == 5
        assert rows(plan, 1) != steps


def test_taken_rows_are_the_rows():
    array = np.random.default_rng(0).random((20, 3, 2)).astype(np.float32)
    take = Taker(array, PLAN.batch)
    for iteration in range(3):
        for step in PLAN.steps(iteration):
            taken = take(step)
            np.testing.assert_array_equal(taken, array[step])
            assert taken.ctypes.data % 64 == 0
    np.testing.assert_array_equal(take(slice(3, 7)), array[3:7])
