"""A session that somebody stops while a fit runs."""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import ROOT

TIMEOUT = 120  # seconds; it takes about 15

APPLICATION = """
import threading
from pyspark.sql import SparkSession
from conftest import JAR, overlapping
from estimators import estimator

spark = SparkSession.builder.master("local[2]").config("spark.jars", str(JAR)).getOrCreate()
data = overlapping(spark)

def stop(loss, iteration, partition):
    if iteration == 0 and partition == 0:  # on a thread of its own, as this one is in the JVM's way
        threading.Thread(target=spark.stop).start()

try:
    estimator(iters=100_000, loss_callback=stop).fit(data)
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


def test_the_fit_says_that_it_was_stopped() -> None:
    path = [os.environ.get("PYTHONPATH", ""), str(ROOT / "python"), str(ROOT / "tests" / "e2e")]
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.startswith("TrainingError: "), done.stdout
    assert "SparkContext was shut down" in done.stdout
