"""How long it takes from rows to a net that is good enough."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator

from benchmark.bench import Bench
from benchmark.child import Child
from benchmark.interleaved import interleaved
from benchmark.row import Comparison, Row, Sample, Target

ENOUGH = 0.97
# Fewer have not been enough for either side.
_FEWEST, _MOST = 3, 30


class Race:
    """One side. Each sample uses a new seed and the fewest iterations that have been enough so far.

    Parameters
    ----------
    train : callable
        ``train(iterations, seed)`` → seconds and accuracy.
    """

    def __init__(self, train: Callable[[int, int], tuple[float, float]]) -> None:
        self._train = train
        self._iterations = _FEWEST
        self._seeds = itertools.count(1)

    def sample(self) -> float:
        """Seconds to an accuracy that is enough; a try that was not adds an iteration and is forgotten."""
        seed = next(self._seeds)
        while self._iterations <= _MOST:
            seconds, accuracy = self._train(self._iterations, seed)
            if accuracy >= ENOUGH:
                return seconds
            self._iterations += 1
        raise RuntimeError(f"{_MOST} iterations gave no accuracy of {ENOUGH:.0%}")


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    def ours(iterations: int, seed: int) -> tuple[float, float]:
        # A new application each time, so that importing TensorFlow counts on this side, too.
        with Child("benchmark.fresh_fits", "--test") as application:
            application.answer()
            fitted = application.ask(json.dumps({"iters": iterations, "seed": seed}))
        return fitted["seconds"], fitted["accuracy"]

    def theirs(iterations: int, seed: int) -> tuple[float, float]:
        begin = time.monotonic()
        arguments = ("--iterations", iterations, "--seed", seed)
        with Child("benchmark.bare.to_accuracy", bench.arrays, *arguments) as python:
            seconds = -python.answer()["loading"] + time.monotonic() - begin
            return seconds, python.answer()["accuracy"]

    sides = Race(ours), Race(theirs)
    for side in sides:
        side.sample()  # finds out how many iterations it takes
    for seconds in interleaved(bench.repeat, *(side.sample for side in sides)):
        yield ((seconds[0], seconds[1]),)


ROWS = (
    Row(
        "time-to-97",
        "the first fit of an application to 97 % of the test images, 2 workers",
        (
            Comparison(
                "one bare TensorFlow process on both cores, from the start of Python", "s", Target("<=", 1.1)
            ),
        ),
        samples,
    ),
)
