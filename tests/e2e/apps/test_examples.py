"""The README's example and the programs under examples/, each run in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import OLDEST, ROOT, oldest_only

EXAMPLE_TIMEOUT = 400  # seconds; the slowest takes about 60


def run(code: str, directory: Path) -> str:
    (directory / "target").mkdir(exist_ok=True)
    path = [os.environ.get("PYTHONPATH", ""), str(ROOT / "python"), str(ROOT / "examples")]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in path if p)},
        capture_output=True,
        text=True,
        timeout=EXAMPLE_TIMEOUT,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def test_readme_five_minutes(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    blocks = [b for b in re.findall(r"```python\n(.*?)```", text, re.S) if "getOrCreate" in b]
    assert len(blocks) == 2
    out = run(blocks[0], tmp_path)
    assert int(re.search(r"(\d+)% right", out).group(1)) >= 90


@oldest_only
def test_readme_keras(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text().split("## Keras")[1]
    out = run(re.findall(r"```python\n(.*?)```", text, re.S)[0], tmp_path)
    assert int(re.search(r"(\d+)% right", out).group(1)) >= 90
    assert (tmp_path / "target" / "classes.keras").is_file()


def test_reference_example_with_only_its_imports_changed(tmp_path: Path) -> None:
    """The example of SparkFlow 0.7's README, letter for letter but for `import tensorflow as tf`.

    The two imports take turns, as Spark takes a minute to compile a CSV of 785 columns: one on the oldest
    Spark, the other on the newest.
    """
    imports = "from sparkflow import tf1 as tf" if OLDEST else "import tensorflow.compat.v1 as tf"
    program = f"""
import mnist_data
from pathlib import Path
from sparkflow.session import configure_spark_with_sparkflow_pip
from pyspark.sql import SparkSession
mnist_data.write_csv(Path("mnist_train.csv"), rows=6000)
spark = configure_spark_with_sparkflow_pip(SparkSession.builder.master("local[2]")).getOrCreate()

from sparkflow.graph_utils import build_graph
from sparkflow.tensorflow_async import SparkAsyncDL
{imports}
from pyspark.ml.feature import VectorAssembler, OneHotEncoder
from pyspark.ml.pipeline import Pipeline

#simple tensorflow network
def small_model():
    x = tf.placeholder(tf.float32, shape=[None, 784], name='x')
    y = tf.placeholder(tf.float32, shape=[None, 10], name='y')
    layer1 = tf.layers.dense(x, 256, activation=tf.nn.relu)
    layer2 = tf.layers.dense(layer1, 256, activation=tf.nn.relu)
    out = tf.layers.dense(layer2, 10)
    z = tf.argmax(out, 1, name='out')
    loss = tf.losses.softmax_cross_entropy(y, out)
    return loss

df = spark.read.option("inferSchema", "true").csv('mnist_train.csv')
mg = build_graph(small_model)
#Assemble and one hot encode
va = VectorAssembler(inputCols=df.columns[1:785], outputCol='features')
encoded = OneHotEncoder(inputCol='_c0', outputCol='labels', dropLast=False)

spark_model = SparkAsyncDL(
    inputCol='features',
    tensorflowGraph=mg,
    tfInput='x:0',
    tfLabel='y:0',
    tfOutput='out:0',
    tfLearningRate=.001,
    iters=20,
    predictionCol='predicted',
    labelCol='labels',
    verbose=1
)

p = Pipeline(stages=[va, encoded, spark_model]).fit(df)
p.write().overwrite().save("location")

from sparkflow.pipeline_util import PysparkPipelineWrapper
from pyspark.ml.pipeline import PipelineModel

p = PysparkPipelineWrapper.unwrap(PipelineModel.load('location'))
predictions = p.transform(df)
print("RIGHT", predictions.filter("predicted = _c0").count())
"""
    assert int(run(program, tmp_path).split("RIGHT ")[1]) >= 5700  # of the 6,000 it was trained on


@oldest_only
def test_cnn(tmp_path: Path) -> None:
    out = run("import cnn; cnn.main(iters=2, rows=12000)", tmp_path)
    assert float(re.search(r"test accuracy: ([\d.]+)%", out).group(1)) >= 94


@oldest_only
def test_keras_mnist(tmp_path: Path) -> None:
    out = run("import keras_mnist; keras_mnist.main(iters=2, rows=12000)", tmp_path)
    assert float(re.search(r"test accuracy: ([\d.]+)%", out).group(1)) >= 94


@oldest_only
def test_autoencoder(tmp_path: Path) -> None:
    out = run("import autoencoder; autoencoder.main(iters=8, rows=12000)", tmp_path)
    assert "a code of 128 numbers" in out
    # Always guessing the mean image gives 0.067.
    assert float(re.search(r"rebuilt test images: ([\d.]+)", out).group(1)) <= 0.045
