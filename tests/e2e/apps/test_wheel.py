"""`pip install .` brings the jar, and one call puts it on a session."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sparkflow
from conftest import oldest_only

pytestmark = oldest_only

ROOT = Path(__file__).parents[3]
LIMIT = 600  # seconds; pip takes a few, a Spark start about ten, and a jar that is not current two minutes


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        folder,
        ROOT,
    ]
    subprocess.run(command, check=True, timeout=LIMIT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_jar_and_the_whole_package(wheel: Path) -> None:
    assert wheel.name == f"sparkflow-{sparkflow.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        jar = archive.read("sparkflow/jars/sparkflow.jar")
    assert jar == (ROOT / "target" / "sparkflow.jar").read_bytes()
    package = ROOT / "python" / "sparkflow"
    sources = {f"sparkflow/{p.relative_to(package).as_posix()}" for p in package.rglob("*.py")}
    assert sources | {"sparkflow/VERSION", "sparkflow/py.typed"} <= names


def test_the_jar_holds_nothing_of_anybody_elses() -> None:
    with zipfile.ZipFile(ROOT / "target" / "sparkflow.jar") as jar:
        names = jar.namelist()
    # The bridge into Spark's private packages lies in packages of Spark's name.
    ours = r"sparkflow/|META-INF/MANIFEST.MF$|org/(apache/(spark/((ml|sql)/(sparkflow/.*)?)?)?)?$"
    assert [name for name in names if not re.match(ours, name)] == []


PROGRAM = """
from pyspark.sql import SparkSession
from sparkflow.ml import SparkAsyncDL
from sparkflow.session import configure_spark_with_sparkflow_pip, jar_path

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
print("JAR", jar_path())
print("ITERS", SparkAsyncDL(iters=3)._to_java().getIters())


def loaded(_):
    import sys
    return "tensorflow" in sys.modules


print("LOADED", spark.sparkContext.parallelize([0], 1).map(loaded).first())
net = SparkAsyncDL(iters=3)
spark.stop()
try:
    net.fit(None)
except RuntimeError as e:
    print("STOPPED", e)
"""

WITHOUT = """
from pyspark.sql import SparkSession
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
for use in (SparkAsyncDL, lambda: SparkAsyncDLModel.load("x")):
    try:
        use()
    except RuntimeError as e:
        print(e)
"""


def python(program: str, path: Path, folder: Path) -> str:
    """Runs a program with the installed package before all else; the Spark under test stays the one it is."""
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    search = [str(path), *(p for p in others if p and p != str(ROOT / "python"))]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "-q", "--target", folder, wheel]
    subprocess.run(command, check=True, timeout=LIMIT)
    return folder


def test_one_call_puts_the_installed_jar_on_a_session(installed: Path, tmp_path: Path) -> None:
    out = python(PROGRAM, installed, tmp_path)
    assert f"JAR {(installed / 'sparkflow' / 'jars' / 'sparkflow.jar').resolve()}" in out
    assert "ITERS 3" in out and "LOADED True" in out
    assert "STOPPED no SparkSession is running" in out


def test_a_session_without_the_jar_gets_the_line_to_add(installed: Path, tmp_path: Path) -> None:
    out = python(WITHOUT, installed, tmp_path)
    assert out.count("this SparkSession was started without SparkFlow's jar") == 2
    jar = (installed / "sparkflow" / "jars" / "sparkflow.jar").resolve()
    assert f'SparkSession.builder.config("spark.jars", "{jar}").getOrCreate()' in out
    assert "configure_spark_with_sparkflow_pip(SparkSession.builder).getOrCreate()" in out
    assert f"--packages io.sparkflow:sparkflow_2.13:{sparkflow.__version__}" in out
