import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import sparkflow
from sparkflow import session
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel
from sparkflow.session import configure_spark_with_sparkflow_pip, jar_path

PACKAGE = Path(sparkflow.__file__).parent


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """As if the package lay in a checkout that has no jar yet."""
    monkeypatch.setattr(sparkflow, "__file__", str(tmp_path / "python" / "sparkflow" / "__init__.py"))
    return tmp_path.resolve()


def test_a_checkout_without_the_jar_says_how_to_build_it(checkout):
    with pytest.raises(FileNotFoundError, match=r"target/sparkflow\.jar.*run build/sbt package"):
        jar_path()


def test_the_wheels_jar_comes_before_the_built_one(checkout):
    built = checkout / "target" / "sparkflow.jar"
    packed = checkout / "python" / "sparkflow" / "jars" / "sparkflow.jar"
    for jar in (built, packed):
        jar.parent.mkdir(parents=True)
        jar.touch()
    assert jar_path() == str(packed)
    packed.unlink()
    assert jar_path() == str(built)


def test_imported_from_the_jar_the_jar_is_that_one(tmp_path):
    jar = tmp_path / "sparkflow.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for file in PACKAGE.rglob("*"):
            if file.suffix == ".py" or file.name == "VERSION":
                archive.write(file, f"sparkflow/{file.relative_to(PACKAGE)}")
    done = subprocess.run(
        [sys.executable, "-c", "from sparkflow.session import jar_path; print(jar_path())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(jar)},
    )
    assert done.stdout.strip() == str(jar.resolve())


def test_configure_appends_to_the_jars_that_are_there(monkeypatch):
    monkeypatch.setattr(session, "jar_path", lambda: "/lib/sparkflow.jar")
    builder = SparkSession.builder.config("spark.jars", "/lib/other.jar")
    assert configure_spark_with_sparkflow_pip(builder) is builder
    assert builder._options["spark.jars"] == "/lib/other.jar,/lib/sparkflow.jar"
    configure_spark_with_sparkflow_pip(builder)
    assert builder._options["spark.jars"] == "/lib/other.jar,/lib/sparkflow.jar"


def test_configure_starts_the_list_where_there_is_none(monkeypatch):
    monkeypatch.setattr(session, "jar_path", lambda: "/lib/sparkflow.jar")
    builder = SparkSession.builder.appName("first")
    builder._options.pop("spark.jars", None)
    assert configure_spark_with_sparkflow_pip(builder)._options["spark.jars"] == "/lib/sparkflow.jar"


@pytest.mark.parametrize(
    ("master", "named", "expected"),
    [("local[2]", None, sys.executable), ("local[2]", "/opt/python", "/opt/python"), ("yarn", None, None)],
)
def test_local_workers_run_under_this_python_unless_one_is_named(monkeypatch, master, named, expected):
    monkeypatch.setattr(session, "jar_path", lambda: "/lib/sparkflow.jar")
    monkeypatch.setenv("PYSPARK_PYTHON", "")  # to be put back, as it will be set
    monkeypatch.delenv("PYSPARK_PYTHON")
    builder = SparkSession.Builder().master(master)
    builder._options = {"spark.master": master} | ({"spark.pyspark.python": named} if named else {})
    assert configure_spark_with_sparkflow_pip(builder)._options.get("spark.pyspark.python") == expected
    assert os.environ.get("PYSPARK_PYTHON") == expected, "what PySpark's own functions run under"
    monkeypatch.setenv("PYSPARK_PYTHON", "/usr/bin/python3")
    builder._options = {"spark.master": master}
    assert "spark.pyspark.python" not in configure_spark_with_sparkflow_pip(builder)._options


def test_local_workers_begin_with_tensorflow_where_they_can(monkeypatch, tmp_path):
    monkeypatch.setattr(session, "jar_path", lambda: "/lib/sparkflow.jar")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    daemon = "spark.python.daemon.module"

    def configured(**options):
        builder = SparkSession.Builder()
        builder._options = {"spark.master": "local[2]", **options}
        return configure_spark_with_sparkflow_pip(builder)._options.get(daemon)

    assert configured() == "sparkflow.daemon"
    assert configured(**{daemon: "mine.daemon"}) == "mine.daemon"
    assert configured(**{"spark.master": "yarn"}) is None
    assert configured(**{"spark.pyspark.python": str(tmp_path / "no-python")}) is None
    monkeypatch.setenv("PYSPARK_PYTHON", str(tmp_path / "no-python"))
    assert configured(**{"spark.pyspark.python": sys.executable}) is None, "PySpark's own run under the other"
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # where no sparkflow is, as none is installed
    assert configured() is None


@pytest.mark.parametrize("package", ["numpy", "pyarrow"])
def test_a_worker_whose_python_lacks_a_package_names_it_and_the_python(package):
    code = f"import sys; sys.modules[{package!r}] = None; import sparkflow.worker.train"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"RuntimeError: {sys.executable} on " in done.stderr
    assert f"import of {package} halted" in done.stderr and "-m pip install numpy pyarrow" in done.stderr


@pytest.mark.parametrize(
    "use", [SparkAsyncDL, lambda: SparkAsyncDL.load("x"), lambda: SparkAsyncDLModel.load("x")]
)
def test_without_a_session_the_error_shows_how_to_start_one(use):
    with pytest.raises(RuntimeError, match="no SparkSession is running") as caught:
        use()
    text = str(caught.value)
    assert "configure_spark_with_sparkflow_pip(SparkSession.builder).getOrCreate()" in text
    assert '.config("spark.jars", "' in text
    assert f"--packages io.sparkflow:sparkflow_2.13:{sparkflow.__version__}" in text
