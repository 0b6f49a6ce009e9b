"""A Spark application of its own that fits: the first fit of one differs from the later ones.

Starts Spark and caches the first ``--rows`` training images, then reads lines of JSON: an estimator's params,
and ``times``, how many times those rows are the data (once, if it is missing). Fits, and answers with
``seconds`` and, where ``--test`` was given, with the ``accuracy`` on the 10,000 test images.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import reduce

from pyspark.sql import DataFrame

from benchmark import spark
from benchmark.estimator import estimator


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=60_000)
    options.add_argument("--test", action="store_true")
    args = options.parse_args()
    session = spark.start()
    train = spark.mnist(session, "train", args.rows)
    test = spark.mnist(session, "t10k") if args.test else None
    estimator()  # builds the graph, which is the user's own work and imports TensorFlow in the driver
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        params = json.loads(line)
        data = reduce(DataFrame.union, [train] * params.pop("times", 1))
        net = estimator(**params)
        begin = time.monotonic()
        model = net.fit(data)
        answer = {"seconds": time.monotonic() - begin}
        if test is not None:
            answer["accuracy"] = spark.accuracy(model.transform(test))
        print(json.dumps(answer), flush=True)
    session.stop()


if __name__ == "__main__":
    main()
