"""A standalone cluster of real processes on the loopback address: a master and workers of one core each."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path
from typing import IO

import pyspark
from pyspark.sql import SparkSession

from conftest import JAR, ROOT

HOME = Path(pyspark.__file__).parent
START_SECONDS = 60  # for a JVM that takes two or three


class Cluster:
    """Use as a context manager.

    Workers have addresses of their own (127.0.0.1, 127.0.0.2, …): Spark runs no two attempts of a task on one
    host.

    Parameters
    ----------
    folder : Path
        Where logs and the executors' files go.
    python_path : str, optional
        PYTHONPATH of the executors; by default this process' own, on which `sparkflow` is.

    Attributes
    ----------
    url : str
        What a session takes as its master.
    """

    def __init__(
        self, folder: Path, workers: int = 2, memory: str = "1g", python_path: str | None = None
    ) -> None:
        self._environment = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_DAEMON_MEMORY": "256m"}
        if python_path is not None:
            self._environment["PYTHONPATH"] = python_path
        self._folder, self._workers, self._memory = folder, workers, memory
        self._processes: list[subprocess.Popen[str]] = []
        self.url = ""

    def __enter__(self) -> Cluster:
        try:
            found = self._start(
                "master.Master", r"Starting Spark master at (spark://\S+)", "--host", "127.0.0.1"
            )
            self.url = found.group(1)
            for number in range(1, self._workers + 1):
                self._start("worker.Worker", r"Successfully registered with master",
                            "--host", f"127.0.0.{number}", "--cores", "1", "--memory", self._memory,
                            "--work-dir", str(self._folder / f"worker-{number}"), self.url)  # fmt: skip
        except BaseException:
            self.__exit__()
            raise
        return self

    def session(self) -> SparkSession:
        """Start the one that runs its fits here."""
        return (
            SparkSession.builder.master(self.url)
            .appName("sparkflow-faults")
            .config("spark.jars", str(JAR))
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.memory", "3g")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.executor.memory", "700m")
            # Those that take the place of lost workers begin at once.
            .config("spark.python.daemon.module", "sparkflow.daemon")
            # A task that another has long overtaken is started a second time elsewhere.
            .config("spark.speculation", "true")
            .config("spark.speculation.quantile", "0.5")
            .config("spark.speculation.multiplier", "1.5")
            .config("spark.speculation.minTaskRuntime", "5s")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.warehouse.dir", str(ROOT / "target" / "warehouse"))
            .getOrCreate()
        )

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(START_SECONDS)

    def _start(self, name: str, words: str, *arguments: str) -> re.Match[str]:
        """Start one of Spark's daemons; return what it says when it is ready."""
        process = subprocess.Popen(
            [str(HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}",
             "--port", "0", "--webui-port", "0", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._processes.append(process)
        assert process.stdout is not None
        late = threading.Timer(START_SECONDS, process.kill)
        late.start()
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(words, line):
                late.cancel()
                threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
                return found
        raise AssertionError(f"{name} did not start:\n{''.join(said)}")


def _drain(out: IO[str]) -> None:
    """A pipe that nobody reads stops its writer."""
    with out:
        for _ in out:
            pass
