"""Brings SparkFlow's jar and a SparkSession together, and says what is missing where they are not."""

import os
import subprocess
import sys
import zipimport
from pathlib import Path
from typing import Any

from py4j.java_gateway import JavaPackage  # type: ignore[import-untyped]
from pyspark import SparkContext

import sparkflow

_DAEMON = "spark.python.daemon.module"


def jar_path() -> str:
    """The absolute path of SparkFlow's jar: the one in the wheel, or a checkout's ``target/sparkflow.jar``.

    Raises
    ------
    FileNotFoundError
        A checkout whose jar is not built.
    """
    loader = getattr(sparkflow.__spec__, "loader", None)
    if isinstance(loader, zipimport.zipimporter):  # with --packages, Python imports from the jar itself
        return str(Path(loader.archive).resolve())
    package = Path(sparkflow.__file__).resolve().parent
    packed, built = package / "jars" / "sparkflow.jar", package.parents[1] / "target" / "sparkflow.jar"
    for jar in (packed, built):
        if jar.is_file():
            return str(jar)
    raise FileNotFoundError(
        f"SparkFlow's jar is neither in the package ({packed}) nor built ({built}):"
        " run build/sbt package in the checkout, or pip install it"
    )


def configure_spark_with_sparkflow_pip(builder: Any) -> Any:
    """Puts the jar that came with the Python package on a session's ``spark.jars``, after the jars already
    there. If the session's master is local, the workers run under this process' Python unless
    ``PYSPARK_PYTHON`` or ``spark.pyspark.python`` names another, and are forks of a process that has loaded
    TensorFlow (`sparkflow.daemon`) unless ``spark.python.daemon.module`` names another. ``PYSPARK_PYTHON``
    is set, if it is not yet: PySpark's own functions and RDDs go by nothing else.

    The settings take effect when Spark's JVM starts. A Python process that ``spark-submit`` or ``pyspark``
    started has one already: give the jar to that command, by ``--jars`` or ``--packages``.

    Parameters
    ----------
    builder : pyspark.sql.SparkSession.Builder
        Such as ``SparkSession.builder.master("local[2]")``.

    Returns
    -------
    pyspark.sql.SparkSession.Builder
        The same builder; call its ``getOrCreate()``.

    Raises
    ------
    FileNotFoundError
        A checkout whose jar is not built.

    Examples
    --------
    >>> from pyspark.sql import SparkSession
    >>> from sparkflow.session import configure_spark_with_sparkflow_pip
    >>> spark = configure_spark_with_sparkflow_pip(SparkSession.builder).getOrCreate()  # doctest: +SKIP
    """
    jars = [jar for jar in builder._options.get("spark.jars", "").split(",") if jar]
    if jar_path() not in jars:
        jars.append(jar_path())
    if builder._options.get("spark.master", "").startswith("local"):
        _configure_workers(builder)
    return builder.config("spark.jars", ",".join(jars))


def _configure_workers(builder: Any) -> None:
    python = builder._options.get("spark.pyspark.python")
    if python is None and "PYSPARK_PYTHON" not in os.environ:
        python = sys.executable
        builder.config("spark.pyspark.python", python)
    of_pyspark = os.environ.setdefault("PYSPARK_PYTHON", python)
    pythons = {python or of_pyspark, of_pyspark}
    if _DAEMON not in builder._options and all(_can_import(each, "sparkflow.daemon") for each in pythons):
        builder.config(_DAEMON, "sparkflow.daemon")


def _can_import(python: str, module: str) -> bool:
    """Whether a process of that Python finds it; this one may have it from a script's own directory."""
    question = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    try:
        return subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0
    except OSError:  # the first task will say that there is no such Python
        return False


def active_context() -> Any:
    """The running SparkContext.

    Raises
    ------
    RuntimeError
        There is none. The message says what to write.
    """
    context = SparkContext._active_spark_context
    if context is None:
        raise RuntimeError(
            "no SparkSession is running in this process (a Spark Connect session will not do). "
            "Start it by one of\n"
            f"{_how_to_start()}"
        )
    return context


def sparkflow_jvm() -> Any:
    """The JVM of the active SparkSession, as Py4J shows it, with a SparkFlow of this package's version in it.

    Raises
    ------
    RuntimeError
        No SparkSession is active, it runs without SparkFlow's jar or with that of another version, or it is a
        Spark Connect session. The message says what to write.
    """
    jvm = active_context()._jvm
    version = jvm.sparkflow.Version
    if isinstance(version, JavaPackage):  # Py4J's word for a name that is no class
        raise RuntimeError(
            "this SparkSession was started without SparkFlow's jar, which cannot be added later. Restart"
            f" Python and start the session by one of\n{_how_to_start()}"
        )
    jar_version = version.current()
    if jar_version != sparkflow.__version__:
        raise RuntimeError(
            f"SparkFlow's jar on this SparkSession is version {jar_version}, but the Python package"
            f" {Path(sparkflow.__file__).parent} is version {sparkflow.__version__}: use one version"
            " of both"
        )
    return jvm


def _how_to_start() -> str:
    try:
        jar = jar_path()
    except FileNotFoundError:
        jar = "target/sparkflow.jar"
    coordinate = f"io.sparkflow:sparkflow_2.13:{sparkflow.__version__}"
    return (
        "  configure_spark_with_sparkflow_pip(SparkSession.builder).getOrCreate()  # from sparkflow.session\n"
        f'  SparkSession.builder.config("spark.jars", "{jar}").getOrCreate()\n'
        f'  SparkSession.builder.config("spark.jars.packages", "{coordinate}").getOrCreate()\n'
        f"  spark-submit --packages {coordinate} your_application.py"
    )
