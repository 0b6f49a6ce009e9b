"""Training at its steady rate, against bare TensorFlow processes that do the same without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from benchmark.bench import Bench
from benchmark.child import Child, ask_all
from benchmark.estimator import estimator, iteration_ends
from benchmark.interleaved import interleaved
from benchmark.rate import steady_rate
from benchmark.row import Comparison, NotAvailable, Row, Sample, Target
from sparkflow.ml import SparkAsyncDL


@dataclass(frozen=True)
class Training:
    """What is trained, on both sides.

    Attributes
    ----------
    rows : int
        Of all workers together.
    iterations : int
        Of each sample; one more comes first to warm up.
    per_step : bool
        Count steps instead of samples.
    params : dict
        More params of the estimator.
    """

    net: str = "mnist"
    workers: int = 2
    rows: int = 60_000
    batch: int = 300
    iterations: int = 6
    per_step: bool = False
    params: dict[str, Any] = field(default_factory=dict)

    def samples(self, bench: Bench) -> Iterator[tuple[Sample, ...]]:
        missing = [name for name in self.params if not hasattr(SparkAsyncDL, name)]
        if missing:
            raise NotAvailable(f"the estimator has no param {missing[0]}")
        data = bench.train(self.rows)
        share = self.rows // self.workers
        per_iteration = share // self.batch if self.per_step else share
        with ExitStack() as stack:
            bare = [stack.enter_context(self.bare(bench, worker)) for worker in range(self.workers)]

            def ours(iterations: int) -> list[list[float]]:
                params = {"iters": iterations, "partitions": self.workers, "miniBatchSize": self.batch}
                return iteration_ends(estimator(self.net, **params, **self.params), data)

            def theirs(iterations: int) -> list[list[float]]:
                return ask_all(bare, str(iterations))

            def rate(side: Callable[[int], list[list[float]]]) -> float:
                return steady_rate(side(self.iterations + 1), per_iteration)

            _warm(bench)
            for side in (ours, theirs):
                side(2)  # TensorFlow is imported
            for sample in interleaved(bench.repeat, lambda: rate(ours), lambda: rate(theirs)):
                yield (sample,)

    def bare(self, bench: Bench, worker: int) -> Child:
        sizes = ("--rows", self.rows, "--batch", self.batch)
        which = ("--worker", worker, "--workers", self.workers)
        return Child("benchmark.bare.train", self.net, bench.arrays, *sizes, *which)


@cache  # the rows of a run share their JVM
def _warm(bench: Bench) -> None:
    """Let the JVM compile what a push runs through: its compiler is at it for some 6,000 pushes."""
    estimator(iters=40).fit(bench.train())  # 8,000 pushes


TWO = "two bare TensorFlow processes, one thread each"
ONE = "one bare TensorFlow process, one thread"

ROWS = (
    Row(
        "train-hogwild-2",
        "training the MNIST net with 2 workers on 2 cores, every mini-batch pushed, mode hogwild",
        (Comparison(TWO, "samples/s", Target(">=", 0.95)),),
        Training().samples,
    ),
    Row(
        "train-locked-2",
        "training with 2 workers in mode locked",
        (Comparison(TWO, "samples/s", Target(">=", 0.95)),),
        Training(params={"mode": "locked"}).samples,
        standard=False,
    ),
    Row(
        "train-local-steps",
        "training with 2 workers that push every 8 mini-batches (localSteps=8)",
        (Comparison(TWO, "samples/s", Target(">=", 1.0)),),
        Training(params={"localSteps": 8}).samples,
    ),
    # Still local[2], as on a cluster: the server has a core besides the worker's, if it can use it.
    Row(
        "train-1-hogwild",
        "training with 1 worker, mode hogwild, the other core left to the server",
        (Comparison(ONE, "samples/s", Target(">=", 0.95)),),
        Training(workers=1, iterations=2).samples,
    ),
    *(
        Row(
            f"train-1-{mode}",
            f"training with 1 worker in mode {mode}",
            (Comparison(ONE, "samples/s", Target(">=", 0.95)),),
            Training(workers=1, iterations=2, params={"mode": mode}).samples,
            standard=mode == "locked",
        )
        for mode in ("locked", "ssp", "sync")
    ),
)
