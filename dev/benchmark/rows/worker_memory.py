"""How much memory a worker takes besides TensorFlow's own."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmark import peak_memory
from benchmark.bench import Bench
from benchmark.child import Child
from benchmark.row import Comparison, NotAvailable, Row, Sample, Target

_ROWS = 6_000
_TIMES = 40  # what the worker gets is those rows so many times, all in one partition
_BYTES = _ROWS * _TIMES * (784 + 10) * 4  # features and one-hot labels as float32
_FIT = {"iters": 1, "partitions": 1, "miniBatchSize": 300, "miniStochasticIters": 10}


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    if not peak_memory.supported():
        raise NotAvailable("the peak of a process is read from /proc, which only Linux has")
    with Child("benchmark.fresh_fits", "--rows", _ROWS) as application:
        application.answer()
        # With few rows a worker has what it always has: Python, Arrow, TensorFlow, the net.
        few = _peak(application, times=1)
        for _ in range(bench.repeat):
            more = _BYTES * (_TIMES - 1) / _TIMES
            yield (((_peak(application, _TIMES) - few) / 1e6, more / 1e6),)


def _peak(application: Child, times: int) -> int:
    peak_memory.reset(application.pid)
    application.ask(json.dumps({**_FIT, "times": times}))
    return peak_memory.largest(application.pid)


ROWS = (
    Row(
        "worker-memory",
        "peak memory of a worker: what 240,000 rows in its partition take more than 6,000",
        (Comparison("these rows as float32", "MB", Target("<=", 1.15)),),
        samples,
    ),
)
