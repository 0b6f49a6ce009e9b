"""What the daemon's workers begin with."""

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
