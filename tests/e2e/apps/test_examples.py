"""The README's programs and those under examples/, in one process, so that Spark starts once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import OLDEST, ROOT, oldest_only

TIMEOUT = 900  # seconds for all of them; they take about 150

README = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
FIVE_MINUTES, KERAS, PRETRAINED = (block for block in README if "getOrCreate" in block)

# The example of SparkFlow 0.7's README, letter for letter but for `import tensorflow as tf`. The two imports
# that may stand for it take turns, as Spark takes long to compile a CSV of 785 columns.
IMPORT = "from sparkflow import tf1 as tf" if OLDEST else "import tensorflow.compat.v1 as tf"
REFERENCE = f"""
import mnist_data
from pathlib import Path
from sparkflow.session import configure_spark_with_sparkflow_pip
from pyspark.sql import SparkSession
mnist_data.write_csv(Path("mnist_train.csv"), rows=6000)
spark = configure_spark_with_sparkflow_pip(SparkSession.builder.master("local[2]")).getOrCreate()

from sparkflow.graph_utils import build_graph
from sparkflow.tensorflow_async import SparkAsyncDL
{IMPORT}
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

PROGRAMS = {"five_minutes": FIVE_MINUTES, "reference": REFERENCE}
if OLDEST:
    PROGRAMS |= {
        "readme_keras": KERAS,
        "readme_pretrained": PRETRAINED,
        "cnn": "import cnn; cnn.main(iters=2, rows=12000, workers=2)",
        "keras_mnist": "import keras_mnist; keras_mnist.main(iters=2, rows=14000)",
        "keras_pipeline": "import keras_pipeline; keras_pipeline.main(iters=2, rows=6000)",
        "autoencoder": "import autoencoder; autoencoder.main('graph', iters=8, rows=12000)",
        "keras_autoencoder": "import autoencoder; autoencoder.main('keras', iters=4, rows=12000)",
        "two_inputs": "import two_inputs; two_inputs.main(iters=4, rows=12000)",
        "text": "import text; text.main(iters=3)",
        "fine_tuning": "import fine_tuning; fine_tuning.main(iters=2, rows=12000)",
    }

RUN = """
import runpy, sys, traceback
for name in sys.argv[1:]:
    print(f"== program {name}", flush=True)
    try:
        runpy.run_path(f"programs/{name}.py", run_name="__main__")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print("FAILED", flush=True)
"""


class Done:
    """What the programs printed, by name, and the directory in which they ran."""

    def __init__(self, directory: Path, out: str) -> None:
        self.directory = directory
        _, *parts = re.split(r"^== program (\w+)\n", out, flags=re.M)
        self._parts = dict(zip(parts[::2], parts[1::2], strict=True))

    def number(self, program: str, pattern: str) -> float:
        out = self._parts[program]
        assert "FAILED" not in out, out[-5000:]
        found = re.search(pattern, out)
        assert found is not None, out[-5000:]
        return float(found.group(1))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    directory = tmp_path_factory.mktemp("programs")
    for name in ("target", "jvm", "programs"):
        (directory / name).mkdir()
    for name, code in PROGRAMS.items():
        (directory / "programs" / f"{name}.py").write_text(code)
    path = [os.environ.get("PYTHONPATH", ""), str(ROOT / "python"), str(ROOT / "examples")]
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *PROGRAMS],
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in path if p),
            "PYSPARK_SUBMIT_ARGS": "--driver-memory 4g pyspark-shell",  # as each example asks for alone
            "JDK_JAVA_OPTIONS": f"-Djava.io.tmpdir={directory / 'jvm'}",
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-5000:]}"
    return Done(directory, ran.stdout)


def test_five_minutes(done: Done) -> None:
    assert done.number("five_minutes", r"(\d+)% right") >= 90


def test_reference_example_with_only_its_imports_changed(done: Done) -> None:
    assert done.number("reference", r"RIGHT (\d+)") >= 5700  # of the 6,000 it was trained on


@oldest_only
def test_readme_keras(done: Done) -> None:
    assert done.number("readme_keras", r"(\d+)% right") >= 90
    assert (done.directory / "target" / "classes.keras").is_file()


@oldest_only
def test_readme_pretrained(done: Done) -> None:
    assert done.number("readme_pretrained", r"(\d+)% right") >= 90
    assert (done.directory / "target" / "tuned" / "saved_model.pb").is_file()


@oldest_only
def test_cnn(done: Done) -> None:
    assert done.number("cnn", r"test accuracy: ([\d.]+)%") >= 94


@oldest_only
def test_keras_mnist(done: Done) -> None:
    assert done.number("keras_mnist", r"test accuracy: ([\d.]+)%") >= 94


@oldest_only
def test_keras_pipeline(done: Done) -> None:
    assert done.number("keras_pipeline", r"accuracy of the names: ([\d.]+)") >= 0.85
    assert done.number("keras_pipeline", r"R² of the prices: ([\d.]+)") >= 0.9


@oldest_only
def test_autoencoders(done: Done) -> None:
    # Always guessing the mean image gives 0.067.
    assert done.number("autoencoder", r"a code of (128) numbers") == 128
    assert done.number("autoencoder", r"rebuilt test images: ([\d.]+)") <= 0.045
    assert done.number("keras_autoencoder", r"rebuilt test images: ([\d.]+)") <= 0.045
    assert (done.directory / "target" / "autoencoder.png").is_file()


@oldest_only
def test_two_inputs_and_two_outputs(done: Done) -> None:
    assert done.number("two_inputs", r"the larger one: ([\d.]+)%") >= 85
    # Always guessing 9 is 3.4 off.
    assert done.number("two_inputs", r"the sum: ([\d.]+) off") <= 2


@oldest_only
def test_fine_tuning(done: Done) -> None:
    assert done.number("fine_tuning", r"are as before\n[\s\S]*from 100 images: ([\d.]+)%") >= 75


@oldest_only
def test_text(done: Done) -> None:
    assert done.number("text", r"tested: ([\d.]+)% right") >= 75


def test_nothing_is_left_in_the_temporary_directory_when_the_driver_ends(done: Done) -> None:
    assert [p.name for p in (done.directory / "jvm").iterdir() if p.name.startswith("sparkflow")] == []
