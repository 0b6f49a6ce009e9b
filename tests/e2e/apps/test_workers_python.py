"""Which Python the workers of a local session get when nothing says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

TIMEOUT = 120  # seconds; it takes about 15

APPLICATION = """
import sys
from pyspark.sql import SparkSession
from sparkflow.session import configure_spark_with_sparkflow_pip

spark = configure_spark_with_sparkflow_pip(SparkSession.builder.master("local[2]")).getOrCreate()
rows = spark.createDataFrame([(1.0, 2.0), (3.0, 4.0)], "a double, b double")
print([row[0] for row in rows.selectExpr("a + b").collect()])
print(spark.sparkContext.parallelize([0], 1).map(lambda _: sys.executable).collect())
"""


def test_it_is_the_drivers_own_for_pysparks_functions_too(tmp_path: Path) -> None:
    """Though another python3, which has neither Spark nor SparkFlow, is the first on the path."""
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\necho the other python3 >&2\nexit 3\n")
    other.chmod(0o755)
    path = [str(ROOT / "python"), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(path)}
    del own["PYSPARK_PYTHON"]
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION],
        cwd=tmp_path, env=own, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.splitlines() == ["[3.0, 7.0]", str([sys.executable])]
