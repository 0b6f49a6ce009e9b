"""Two ways to bring SparkFlow to a cluster, each by a real spark-submit in a process of its own, with no
`sparkflow` on the Python path: a Scala application with the jar alone, and `--packages`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from conftest import JAR, ROOT, oldest_only
from faults.cluster import Cluster
from sparkflow import __version__
from sparkflow.ml import SparkAsyncDLModel

SPARK_HOME = Path(pyspark.__file__).parent
# The Spark under test may lie beside the one in site-packages; sparkflow itself is on no path.
BESIDE = [str(SPARK_HOME.parent)] if "site-packages" not in str(SPARK_HOME) else []
SUBMIT_TIMEOUT = 300  # seconds; each of these takes about 30


def submit(
    tmp_path: Path, *arguments: str, master: str = "local[2]", python_path: str = "", fails: bool = False
) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "SPARK_HOME"}}
    environment["PYSPARK_PYTHON"] = sys.executable
    environment["PYTHONPATH"] = os.pathsep.join([*BESIDE, python_path])
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", master,
               "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1",
               *arguments]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SUBMIT_TIMEOUT
    )
    assert (done.returncode != 0) == fails, f"{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
    return done.stdout + (done.stderr if fails else "")


def graph_file(tmp_path: Path) -> Path:
    """Written by the command line, as a Scala user would."""
    out = tmp_path / "graph.json"
    subprocess.run(
        [sys.executable, "-m", "sparkflow", "graph", "simple_dnn:small_model", str(out)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT / "examples")])},
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def maven_repository() -> Path:
    """What `build/sbt publish` makes; built once, by the project's own build."""
    repository = ROOT / "target" / "maven"
    shutil.rmtree(repository, ignore_errors=True)
    publish = [str(ROOT / "build" / "sbt"), "-warn", "sparkflow/publish"]
    subprocess.run(publish, check=True, timeout=SUBMIT_TIMEOUT)
    return repository


def test_scala_application_with_the_jar_alone_on_a_cluster(tmp_path: Path, spark: SparkSession) -> None:
    saved = tmp_path / "scala-pipeline"
    with Cluster(tmp_path / "cluster", python_path=os.pathsep.join(BESIDE)) as cluster:
        out = submit(
            tmp_path, "--jars", str(JAR), "--conf", "spark.executor.memory=700m",
            "--class", "MnistApp", str(ROOT / "target" / "sparkflow-examples.jar"),
            str(graph_file(tmp_path)), str(ROOT / "examples" / "data" / "mnist"), str(saved), "4",
            master=cluster.url,
        )  # fmt: skip
    accuracy = float(out.split("test accuracy: ")[1].split("%")[0])
    assert accuracy >= 95
    # What Scala wrote, Python reads.
    loaded = PipelineModel.load(str(saved))
    assert isinstance(loaded.stages[-1], SparkAsyncDLModel)
    import mnist_data

    test = mnist_data.vectors(spark, "t10k", 2, rows=500).withColumn("label", col("_c0").cast("double"))
    predicted = loaded.transform(test)
    assert predicted.filter("predicted = _c0").count() >= 460


SCRIPT = """
import sys
import tensorflow.compat.v1 as tf
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession
from pyspark.sql.functions import col
from sparkflow.graph_utils import build_graph
from sparkflow.tensorflow_async import SparkAsyncDL

def line():
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    w = tf.get_variable("w", [1, 1], initializer=tf.zeros_initializer())
    out = tf.identity(tf.matmul(x, w), name="out")
    return tf.losses.mean_squared_error(y, out)

spark = SparkSession.builder.getOrCreate()
rows = [(2.0 * i / 50, Vectors.dense(i / 50)) for i in range(50)]
data = spark.createDataFrame(rows, ["label", "features"])
net = SparkAsyncDL(inputCol="features", labelCol="label", tensorflowGraph=build_graph(line), tfInput="x:0",
                   tfLabel="y:0", tfOutput="out:0", tfOptimizer="gradient_descent", tfLearningRate=0.5,
                   iters=100, partitions=1, miniBatchSize=-1)
Pipeline(stages=[net]).fit(data).write().overwrite().save(sys.argv[1])
w = PipelineModel.load(sys.argv[1]).stages[0].get_weights()[0].item()
import sparkflow
print("WEIGHT", round(w, 3), "FROM", sparkflow.__file__)
"""


def test_packages(tmp_path: Path, maven_repository: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    out = submit(
        tmp_path, "--packages", f"io.sparkflow:sparkflow_2.13:{__version__}",
        "--repositories", maven_repository.as_uri(), "--conf", f"spark.jars.ivy={tmp_path / 'ivy'}",
        str(script), str(tmp_path / "saved"),
    )  # fmt: skip
    assert "WEIGHT 2.0 FROM" in out
    assert ".jar" in out.split("FROM ")[1]


@oldest_only
def test_tensorflow_missing_on_a_worker(tmp_path: Path) -> None:
    """The Scala application needs no TensorFlow on the driver; its workers find none and say where."""
    stub = tmp_path / "no-tensorflow" / "tensorflow"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ImportError(\"No module named 'tensorflow'\")")
    out = submit(
        tmp_path, "--jars", str(JAR), "--class", "MnistApp", str(ROOT / "target" / "sparkflow-examples.jar"),
        str(graph_file(tmp_path)), str(ROOT / "examples" / "data" / "mnist"), str(tmp_path / "no"), "1",
        python_path=str(stub.parent), fails=True,
    )  # fmt: skip
    assert "TensorFlow cannot be imported by" in out
    assert "-m pip install tensorflow" in out


@oldest_only
def test_a_python_without_the_packages_is_refused_before_a_job(tmp_path: Path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # -S: without site-packages
    bare.chmod(0o755)
    out = submit(
        tmp_path, "--jars", str(JAR), "--class", "MnistApp", "--conf", f"spark.pyspark.python={bare}",
        str(ROOT / "target" / "sparkflow-examples.jar"),
        str(graph_file(tmp_path)), str(ROOT / "examples" / "data" / "mnist"), str(tmp_path / "no"), "1",
        fails=True,
    )  # fmt: skip
    assert (
        f"'{bare}' runs Spark's Python workers but has no numpy, pyarrow, tensorflow: run '{bare} -m" in out
    )
