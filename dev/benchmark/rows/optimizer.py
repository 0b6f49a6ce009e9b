"""The server's optimizer on a large model, against the memory's own speed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmark.bench import Bench
from benchmark.interleaved import interleaved
from benchmark.jvm import Jvm
from benchmark.row import Comparison, Row, Sample, Target

_COUNT = 100_000_000
_UPDATES = 3  # of one measurement
# Arrays of 400 MB that an update of Adam reads (gradient, weights, m, v) and writes (weights, m, v).
_ADAM = 7
# A triad in place, a += s * b, reads two and writes one.
_TRIAD = 3
_BLOCK = 1 << 16  # values: what numpy keeps between the two operations stays in the cache


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    cores = os.cpu_count() or 1
    a, b = np.zeros(_COUNT, np.float32), np.full(_COUNT, 1e-3, np.float32)
    rooms = [np.empty(_BLOCK, np.float32) for _ in range(cores)]

    def triad(worker: int) -> None:
        room = rooms[worker]
        for start in range(worker * _COUNT // cores, (worker + 1) * _COUNT // cores, _BLOCK):
            part = slice(start, min(start + _BLOCK, (worker + 1) * _COUNT // cores))
            scaled = np.multiply(b[part], 0.5, out=room[: part.stop - part.start])
            a[part] += scaled

    with Jvm("sparkflow.bench.Serve") as jvm, ThreadPoolExecutor(cores) as pool:

        def ours() -> float:
            # The first update finds memory that has not been touched, and code that is not compiled.
            times = jvm.ask(f"steps {_COUNT} adam {_UPDATES + 2}")[2:]
            return float(_ADAM * 4 * _COUNT / np.median(times) / 1e9)

        def theirs() -> float:
            times = []
            for _ in range(_UPDATES):
                begin = time.perf_counter()
                list(pool.map(triad, range(cores)))
                times.append(time.perf_counter() - begin)
            return float(_TRIAD * 4 * _COUNT / np.median(times) / 1e9)

        ours()
        theirs()
        for sample in interleaved(bench.repeat, ours, theirs):
            yield ((sample[0], sample[1]),)


ROWS = (
    Row(
        "optimizer-100m",
        "Adam on 100 million floats on the server, all cores",
        (Comparison("numpy's a += s * b on as many, all cores", "GB/s", Target(">=", 0.6)),),
        samples,
    ),
)
