#!/usr/bin/env python3
"""Print what a net has learnt of MNIST after equal steps with each `compression`: percent of the test set.

784-256-256-10, mini-batches of 300, Adam at 0.001, 5 iterations by one worker over TCP: 1,000 steps, for each
of some seeds. As dev/bench: PYTHONPATH=python:dev:examples .venv/bin/python dev/compression_accuracy.py
"""

from __future__ import annotations

from benchmark import spark
from benchmark.estimator import estimator

SEEDS = (1, 2, 3, 4, 5)


def main() -> None:
    session = spark.start()
    train, test = spark.mnist(session, "train").coalesce(1).cache(), spark.mnist(session, "t10k")
    for compression in ("none", "bf16", "int8", "topk"):
        found = []
        for seed in SEEDS:
            net = estimator(iters=5, partitions=1, transport="tcp", compression=compression, seed=seed)
            found.append(100 * spark.accuracy(net.fit(train).transform(test)))
        percents = " ".join(f"{percent:.2f}" for percent in found)
        print(f"{compression:5} {percents}, mean {sum(found) / len(found):.2f}", flush=True)
    session.stop()


if __name__ == "__main__":
    main()
