"""A JVM of the benchmark's own, set up as Spark's launcher sets up a driver."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pyspark

from benchmark.child import Child
from benchmark.machine import ROOT

_MEMORY = "8g"  # 100 million weights, Adam's two slots, and a copy to start from


class Jvm(Child):
    """A class of dev/benchmark/scala; see `Child`. Its name stands for the module's."""

    def command(self, module: str, *arguments: str) -> list[str]:
        submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
        direct = f"-XX:MaxDirectMemorySize={_MEMORY}"
        return [
            *(str(submit), "--master", "local[1]", "--driver-memory", _MEMORY),
            *("--driver-java-options", direct, "--jars", str(ROOT / "target" / "sparkflow.jar")),
            *("--class", module, str(_jar()), *arguments),
        ]


@cache
def _jar() -> Path:
    jar = ROOT / "target" / "sparkflow-bench.jar"
    sources = (ROOT / "dev" / "benchmark" / "scala").rglob("*.scala")
    if not jar.exists() or jar.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        subprocess.run([ROOT / "build" / "sbt", "-warn", "bench/package"], check=True)
        os.utime(jar)
    return jar
