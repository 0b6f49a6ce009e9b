"""What the daemon's workers begin with."""

import os
from pathlib import Path

import pyspark
import pytest

from interpreter import run

SERVE = """
import sys
from pyspark import daemon
daemon.manager = lambda: print([name for name in ("tensorflow", "sparkflow") if sys.modules.get(name)])
from sparkflow.daemon import main
main()
"""
WITHOUT = """
import sys
sys.modules["tensorflow"] = None  # an import of it fails
"""


def test_workers_get_tensorflow_and_import_sparkflow_from_their_applications_jar():
    done = run(SERVE)
    assert done.stdout == "['tensorflow']\n"


def test_without_tensorflow_it_serves_and_says_so():
    done = run(WITHOUT + SERVE)
    assert done.stdout == "[]\n"
    assert "goes on without TensorFlow: TensorFlow cannot be imported by" in done.stderr


def test_without_numpy_it_serves_too():
    done = run(WITHOUT.replace("tensorflow", "numpy") + SERVE)
    assert done.stdout == "[]\n"
    assert "goes on without TensorFlow: " in done.stderr and "numpy" in done.stderr


WHERE = """
import sys
sys.path.insert(0, sys.argv[1])
from sparkflow.daemon import _pyspark_daemon
before = list(sys.path)
daemon = _pyspark_daemon()
print(daemon.__file__)
assert sys.path == before
"""


def test_spark_is_imported_compiled_where_its_archive_lies_beside_it():
    root = Path(pyspark.__file__).parent
    archive = root / "python" / "lib" / "pyspark.zip"
    assert run(WHERE, arguments=[str(archive)]).stdout.strip() == str(root / "daemon.py")


@pytest.mark.parametrize("folder", ["python/lib", "elsewhere"])
def test_of_a_distribution_and_of_an_archive_alone(tmp_path, folder):
    archive = tmp_path / folder / "pyspark.zip"
    archive.parent.mkdir(parents=True)
    os.link(Path(pyspark.__file__).parent / "python" / "lib" / "pyspark.zip", archive)
    (tmp_path / "python" / "pyspark").mkdir(parents=True, exist_ok=True)
    for name in ("__init__", "daemon"):
        (tmp_path / "python" / "pyspark" / f"{name}.py").write_text("")
    beside = tmp_path / "python" / "pyspark" / "daemon.py"
    expected = beside if folder == "python/lib" else archive / "pyspark" / "daemon.py"
    assert run(WHERE, arguments=[str(archive)]).stdout.strip() == str(expected)
