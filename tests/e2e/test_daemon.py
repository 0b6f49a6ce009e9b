"""Spark's workers, when they are forks of `sparkflow.daemon`; as this session has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from conftest import oldest_only


@oldest_only
def test_workers_begin_with_tensorflow(spark: SparkSession) -> None:
    def probe(_: int) -> tuple[bool, int]:
        return "tensorflow" in sys.modules, os.getppid()

    ((loaded, daemon),) = spark.sparkContext.parallelize([0], 1).map(probe).collect()
    assert loaded
    command = Path(f"/proc/{daemon}/cmdline").read_text().split("\0")
    assert command[-3:-1] == ["sparkflow.daemon", "pyspark.worker"]
