"""How long it takes from rows to a net that is good enough."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from benchmark import spark
from benchmark.bench import Bench
from benchmark.child import Child
from benchmark.estimator import estimator
from benchmark.interleaved import interleaved
from benchmark.row import Comparison, Row, Sample, Target

ENOUGH = 0.97
# Fewer have not been enough for either side.
_FEWEST, _MOST = 3, 30

Train = Callable[[int], tuple[float, float]]


class Race:
    """One side: trains with the fewest iterations that have been enough so far.

    Parameters
    ----------
    train : callable
        ``train(iterations)`` → seconds and accuracy.
    iterations : int
        To begin with.
    """

    def __init__(self, train: Train, iterations: int = _FEWEST) -> None:
        self._train = train
        self.iterations = iterations

    def sample(self) -> float:
        """Seconds to an accuracy that is enough; a try that was not adds an iteration and is forgotten."""
        while self.iterations <= _MOST:
            seconds, accuracy = self._train(self.iterations)
            if accuracy >= ENOUGH:
                return seconds
            self.iterations += 1
        raise RuntimeError(f"{_MOST} iterations gave no accuracy of {ENOUGH:.0%}")


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    test = spark.mnist(bench.spark, "t10k")

    def warm(iterations: int) -> tuple[float, float]:
        model = estimator(iters=iterations).fit(bench.train())
        return 0.0, spark.accuracy(model.transform(test))

    def ours(iterations: int) -> tuple[float, float]:
        # A new application each time, so that importing TensorFlow counts on this side, too.
        with Child("benchmark.fresh_fits", "--test") as application:
            application.answer()
            fitted = application.ask(json.dumps({"iters": iterations}))
        return fitted["seconds"], fitted["accuracy"]

    def theirs(iterations: int) -> tuple[float, float]:
        begin = time.monotonic()
        with Child("benchmark.bare.to_accuracy", bench.arrays, "--iterations", iterations) as python:
            loading = python.answer()["loading"]
            seconds = time.monotonic() - begin - loading
            return seconds, python.answer()["accuracy"]

    # How many iterations it takes is found out where a try costs least.
    trial = Race(warm)
    trial.sample()
    sides = Race(ours, trial.iterations), Race(theirs)
    sides[1].sample()
    for seconds in interleaved(bench.repeat, *(side.sample for side in sides)):
        yield (seconds,)


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
        standard=False,  # an application of its own and a whole training, five times
    ),
)
