"""Scoring rows with a trained model, the making of the session included."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.ml.functions import predict_batch_udf, vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql.functions import sum as sum_of
from pyspark.sql.types import DoubleType

from benchmark.bench import DIRECTORY, Bench
from benchmark.child import Child, ask_all
from benchmark.estimator import estimator
from benchmark.interleaved import interleaved
from benchmark.row import Comparison, Row, Sample, Target

# The 60,000 images ten times.
_TIMES = 10
_ROWS = 60_000 * _TIMES
_BATCH_SIZES = (256, 1024, 4096, 10_000)  # for the udf; Spark hands it 10,000 rows at most


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    data = reduce(DataFrame.union, [bench.train()] * _TIMES).coalesce(2)
    model = estimator(iters=1).fit(bench.train())
    weights = DIRECTORY / "weights.npz"
    np.savez(weights, *model.get_weights())
    sums: dict[str, float] = {}

    def ours() -> float:
        # A copy is a model that no worker has a session of yet.
        predicted = model.copy().transform(data).select(sum_of("predicted"))
        return _rate("ours", predicted.first, sums)

    def spark(batch: int, rows: DataFrame = data, count: int = _ROWS) -> float:
        predicted = rows.select(sum_of(_udf(weights, batch)("features")))
        return _rate("predict_batch_udf", predicted.first, sums, count)

    with ExitStack() as stack:
        bare = [stack.enter_context(_bare(bench, weights, worker)) for worker in range(2)]

        def session() -> float:
            return _rate("session", lambda: [sum(ask_all(bare, "predict"))], sums)

        ours()  # the JVM's compiler is at it for most of it
        session()
        best = max(_BATCH_SIZES, key=lambda batch: spark(batch, bench.train(), 60_000))
        spark(best)
        for rates in interleaved(bench.repeat, ours, partial(spark, best), session):
            _same(sums)
            yield (rates[0], rates[1]), (rates[0], rates[2])


def _udf(weights: Path, batch: int) -> Callable[[str], Column]:
    def make() -> Callable[[np.ndarray], np.ndarray]:
        from benchmark.bare.predictor import Predictor

        return Predictor("mnist", weights)

    udf = predict_batch_udf(make, return_type=DoubleType(), batch_size=batch, input_tensor_shapes=[[784]])
    return lambda name: udf(vector_to_array(name, "float32"))


def _bare(bench: Bench, weights: Path, worker: int) -> Child:
    which = ("--times", _TIMES, "--worker", worker, "--workers", 2)
    return Child("benchmark.bare.predict", bench.arrays, weights, *which)


def _rate(side: str, predict: Callable[[], Any], sums: dict[str, float], rows: int = _ROWS) -> float:
    begin = time.monotonic()
    sums[side] = predict()[0]
    return rows / (time.monotonic() - begin)


def _same(sums: dict[str, float]) -> None:
    """All sides predict the same, but for a few images of which rounding decides the class."""
    if not all(math.isclose(total, sums["ours"], rel_tol=1e-3) for total in sums.values()):
        raise RuntimeError(f"the sides predict different classes; their sums are {sums}")


ROWS = (
    Row(
        "transform",
        "transform on 600,000 rows of 784 in an ML vector column, the model included",
        (
            Comparison(
                "Spark's predict_batch_udf at its best batch size", "rows/s", Target(">=", 2.0), "udf"
            ),
            Comparison("two bare sessions on arrays in memory", "rows/s", Target(">=", 0.6), "session"),
        ),
        samples,
    ),
)
