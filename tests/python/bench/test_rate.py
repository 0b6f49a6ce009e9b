"""The steady rate of workers whose iterations overlap."""

from __future__ import annotations

import pytest

from benchmark.rate import steady_rate


def test_one_worker_without_its_first_iteration() -> None:
    assert steady_rate([[9.0, 11.0, 13.0]], 100) == pytest.approx(50)


def test_workers_count_only_while_all_run() -> None:
    # From 10 to 16 the first makes 6 of its iterations, the second 3 of its; before and after one is alone.
    quick = [float(t) for t in range(8, 17)]
    slow = [10.0, 12.0, 14.0, 16.0, 18.0]
    assert steady_rate([quick, slow], 100) == pytest.approx((6 + 3) * 100 / 6)


def test_an_iteration_cut_by_the_end_counts_in_part() -> None:
    assert steady_rate([[0.0, 3.0], [0.0, 4.0]], 12) == pytest.approx((1 + 0.75) * 12 / 3)


def test_workers_that_never_ran_together_have_no_rate() -> None:
    with pytest.raises(ValueError, match="did not run at the same time"):
        steady_rate([[0.0, 1.0], [2.0, 3.0]], 1)
