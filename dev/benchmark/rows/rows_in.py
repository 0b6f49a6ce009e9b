"""Getting rows out of Spark into the arrays of Python workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame

from benchmark.bench import Bench
from benchmark.estimator import estimator
from benchmark.interleaved import interleaved
from benchmark.row import Comparison, Row, Sample, Target

# The 60,000 images this many times, so that moving them takes longer than the noise of a job's start.
_TIMES = 4
_ROWS, _FEW = 60_000 * _TIMES, 600


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    few, many = bench.train(_FEW), reduce(DataFrame.union, [bench.train()] * _TIMES)

    def rate(read: Callable[[DataFrame], object]) -> float:
        # What a job costs with few rows is no matter of rows: one fit has a step and a server, too.
        return (_ROWS - _FEW) / (_seconds(read, many) - _seconds(read, few))

    for read in (by_fit, by_map_in_arrow):
        read(few)
        read(many)
    for ours, theirs in interleaved(bench.repeat, lambda: rate(by_fit), lambda: rate(by_map_in_arrow)):
        yield ((ours, theirs),)


def by_fit(data: DataFrame) -> object:
    """Ours, by its public way: a fit that takes all rows to its workers and trains one small step."""
    return estimator(iters=1, miniBatchSize=100, miniStochasticIters=1).fit(data)


def by_map_in_arrow(data: DataFrame) -> object:
    """Spark's way to the same end: a float32 matrix of the features in each worker, and one of the labels."""
    arrays = data.select(
        vector_to_array("features", "float32").alias("features"),
        vector_to_array("labels", "float32").alias("labels"),
    ).coalesce(2)
    return arrays.mapInArrow(_matrices, "rows long").collect()


def _matrices(batches: Iterable[Any]) -> Iterator[Any]:
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for batch in batches:
        features, labels = (column.flatten().to_numpy() for column in batch.columns)
        count = batch.num_rows
        parts.append((features.reshape(count, -1), labels.reshape(count, -1)))
    matrices = [np.concatenate(column) for column in zip(*parts, strict=True)]
    yield pa.RecordBatch.from_pydict({"rows": [len(matrices[0])]})


def _seconds(read: Callable[[DataFrame], object], data: DataFrame) -> float:
    begin = time.monotonic()
    read(data)
    return time.monotonic() - begin


ROWS = (
    Row(
        "rows-in",
        "240,000 rows of 784 in an ML vector column into the workers' float32 arrays, 2 workers",
        (Comparison("mapInArrow of array<float> columns", "rows/s", Target(">=", 2.0)),),
        samples,
    ),
)
