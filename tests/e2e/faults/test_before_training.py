"""A worker that is lost before it trains, while it starts TensorFlow."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from conftest import oldest_only
from faults.training import Training

STANDS_STILL_ONCE = """
import os, signal

from pyspark import TaskContext

if TaskContext.get() is not None:  # the driver looks at the function, too
    try:
        os.close(os.open({mark!r}, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass
    else:
        os.kill(os.getpid(), signal.SIGSTOP)


def same(features, labels, random):
    return features, labels
"""


@oldest_only
def test_it_is_missed_and_another_takes_its_place(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "stands_still.py"
    file.write_text(STANDS_STILL_ONCE.format(mark=str(tmp_path / "mark")))
    spark.sparkContext.addPyFile(str(file))
    training = Training(spark)
    # A worker imports it before its Hello.
    model = training.fit("hogwild", transformFn="stands_still.same", workerTimeout=1)
    assert (tmp_path / "mark").exists()
    training.check(model)
    assert model.summary.retries == 1
