"""Spark's workers, when they are forks of `sparkflow.daemon`; as this session has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from conftest import oldest_only


@oldest_only
def test_workers_begin_with_tensorflow(spark: SparkSession) -> None:
    def probe(_: int) -> tuple[list[str], int]:
        return [name for name in ("tensorflow", "sparkflow") if name in sys.modules], os.getppid()

    ((loaded, daemon),) = spark.sparkContext.parallelize([0], 1).map(probe).collect()
    assert "tensorflow" in loaded
    command = Path(f"/proc/{daemon}/cmdline").read_text().split("\0")
    assert command[-3:-1] == ["sparkflow.daemon", "pyspark.worker"]
