"""A rate from the times at which workers ended their iterations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def steady_rate(ends: Sequence[Sequence[float]], per_iteration: float) -> float:
    """What all workers together do in a second while all of them run.

    This takes start-up out, as the difference of the walls of a long fit and a short one would. That
    difference has the noise of two start-ups in it, which is as much as some iterations take; the times at
    which iterations end, within one fit, have none of it. The first iteration warms up and does not count.

    Parameters
    ----------
    ends : sequence of sequence of float
        ``ends[worker][i]``: seconds, when a worker ended its iteration i; the workers' clock is one.
    per_iteration : float
        What a worker does in an iteration, such as the number of its samples.

    Raises
    ------
    ValueError
        The workers did not run at the same time.
    """
    begin, end = max(times[0] for times in ends), min(times[-1] for times in ends)
    if end <= begin:
        raise ValueError("the workers did not run at the same time: one ended before another was warm")
    iterations = 0.0
    for times in ends:
        first, last = np.interp([begin, end], times, range(len(times)))
        iterations += float(last - first)
    return iterations * per_iteration / (end - begin)
