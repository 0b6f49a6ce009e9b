"""What a fit costs besides its training."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator

from benchmark.bench import Bench
from benchmark.child import Child
from benchmark.interleaved import interleaved
from benchmark.row import Comparison, Row, Sample, Target

# One iteration of one batch, on each of two workers: the training itself takes some milliseconds.
_ONE_STEP = json.dumps({"iters": 1, "miniBatchSize": 300, "miniStochasticIters": 1})
# Later fits are short, so more of them steady the figure.
_LATER = 3


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    later: list[float] = []

    def fits() -> float:
        with Child("benchmark.fresh_fits", "--rows", 600) as application:
            application.answer()
            first = application.ask(_ONE_STEP)["seconds"]
            later.append(statistics.median(application.ask(_ONE_STEP)["seconds"] for _ in range(_LATER)))
        return first

    def imports() -> float:
        with Child("benchmark.bare.imported") as python:
            return python.answer()

    for first, imported in interleaved(bench.repeat, fits, imports):
        yield (first, imported), (later[-1], 0.0)


ROWS = (
    Row(
        "fit-fixed-cost",
        "a fit of 1 iteration of 1 mini-batch on 600 rows in memory, 2 workers",
        (
            Comparison(
                "importing TensorFlow in a new process", "s", Target("<=", 2.0), "first", difference=True
            ),
            Comparison("nothing", "s", Target("<=", 0.5), "later", difference=True),
        ),
        samples,
    ),
)
