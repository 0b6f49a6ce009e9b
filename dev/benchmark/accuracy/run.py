"""Trains every case with every seed, and TensorFlow alone beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame

from benchmark import spark
from benchmark.accuracy.case import WORKERS, cases
from benchmark.accuracy.record import ALONE, Fit, Record
from benchmark.bench import arrays
from benchmark.child import Child
from benchmark.estimator import estimator

# Of all 60,000 images: 2,000 steps of one worker. Both sides have levelled off by then.
ITERATIONS = 10
ENOUGH = 97.0

Train = Callable[[int, int], tuple[float, float]]


def run(record: Record, seeds: int, say: Callable[[str], None]) -> None:
    """Add what the record lacks: `ITERATIONS` of each seed; with the first, as few as are enough, too."""
    alone = _Alone(arrays())
    _measure(record, ALONE, 1, alone, seeds, say)
    session = spark.start(cores=max(WORKERS))
    test = spark.mnist(session, "t10k")
    for workers in WORKERS:
        train = spark.mnist(session, "train", partitions=workers)
        spark.accuracy(
            estimator(partitions=workers, iters=1).fit(train).transform(test)
        )  # starts the workers
        for case in cases():
            if case.workers == workers:
                fitted = _Fitted(train, test, {"partitions": workers, **case.params})
                _measure(record, case.name, workers, fitted, seeds, say)
        train.unpersist()
    session.stop()


def _measure(
    record: Record, case: str, workers: int, train: Train, seeds: int, say: Callable[[str], None]
) -> None:
    wanted = [(ITERATIONS, seed) for seed in range(1, seeds + 1)]
    for iterations, seed in [*((n, 1) for n in range(1, ITERATIONS)), *wanted]:
        good = record.first_to(ENOUGH, case, workers)
        if iterations < ITERATIONS and good is not None and good.iterations < ITERATIONS:
            continue
        if seed in record.of(case, workers, iterations):
            continue
        accuracy, seconds = train(iterations, seed)
        record.add(Fit(case, workers, seed, iterations, accuracy, seconds))
        what = f"{case}, {workers} workers, seed {seed}, {iterations} iterations"
        say(f"{what}: {accuracy:.2f} % in {seconds:.1f} s")


class _Fitted:
    """Our side."""

    def __init__(self, train: DataFrame, test: DataFrame, params: dict[str, object]) -> None:
        self._train, self._test, self._params = train, test, params

    def __call__(self, iterations: int, seed: int) -> tuple[float, float]:
        net = estimator(**{**self._params, "iters": iterations, "seed": seed})
        begin = time.monotonic()
        model = net.fit(self._train)
        seconds = time.monotonic() - begin
        return 100 * spark.accuracy(model.transform(self._test)), seconds


class _Alone:
    """TensorFlow alone, on both cores, a process for each fit; importing TensorFlow is not in its seconds."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __call__(self, iterations: int, seed: int) -> tuple[float, float]:
        arguments = ("--iterations", iterations, "--seed", seed)
        with Child("benchmark.bare.to_accuracy", self._data, *arguments) as python:
            training = python.answer()["training"]
            return 100 * python.answer()["accuracy"], training
