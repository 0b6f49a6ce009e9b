"""A table of which a mini-batch reads one row in a hundred: by rows, against all of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pyspark.sql import DataFrame

from benchmark.bench import Bench
from benchmark.estimator import estimator, iteration_ends
from benchmark.interleaved import interleaved
from benchmark.nets import EMBEDDING, IDS
from benchmark.rate import steady_rate
from benchmark.row import Comparison, NotAvailable, Row, Sample, Target
from sparkflow.ml import SparkAsyncDL

_BATCH = EMBEDDING[0] // 100 // IDS
_WORKERS = 2
# Mini-batches in an iteration; the first iteration warms up, and outlasts the start of the other worker.
_BY_ROWS, _WHOLE = 100, 6
# Of 40 mini-batches a worker: most rows are some 50 steps old when they are read again.
_SAMPLES = 2 * 40 * _BATCH


def _data(bench: Bench) -> DataFrame:
    """Return samples of random ids, cached in as many partitions as workers."""
    ids = f"transform(sequence(1, {IDS}), k -> float(pmod(xxhash64(id, k), {EMBEDDING[0]})))"
    columns = f"{ids} AS features", "float(pmod(hash(id), 2)) AS labels"
    data = bench.spark.range(0, _SAMPLES, 1, _WORKERS).selectExpr(*columns).cache()
    data.count()
    return data


def _samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    if not hasattr(SparkAsyncDL, "sparseTables"):
        raise NotAvailable("the estimator has no param sparseTables")
    data = _data(bench)

    def rate(sparse: bool) -> float:
        steps = _BY_ROWS if sparse else _WHOLE
        sizes = {"miniBatchSize": _BATCH, "miniStochasticIters": steps, "iters": 3}
        fit = estimator("embedding", **sizes, partitions=_WORKERS, sparseTables=sparse)
        return steady_rate(iteration_ends(fit, data), steps)

    rate(True)  # TensorFlow is imported, the JVM compiles what is hot
    for sample in interleaved(bench.repeat, partial(rate, True), partial(rate, False)):
        yield (sample,)


ROWS = (
    Row(
        "embedding-sparse",
        "training on a table of 5 million rows of 16 with 2 workers, 1 % of the rows in a mini-batch, Adam",
        (Comparison("the same with sparseTables=False", "steps/s", Target(">=", 10.0)),),
        _samples,
        standard=False,
    ),
)
