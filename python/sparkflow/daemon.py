"""Spark's own Python daemon, which has TensorFlow loaded before it makes its workers:
``spark.python.daemon.module=sparkflow.daemon``.

Workers are forks of the daemon. Without this each loads TensorFlow by itself, which takes seconds of a core
and hundreds of megabytes; with it they begin at once and share what they do not change. TensorFlow starts its
threads with the first session, which is a worker's; so nothing of it is lost in a fork.
"""

from __future__ import annotations

import gc
import sys

from pyspark import daemon

from sparkflow.backend.without_keras import without_keras


def main() -> None:
    """Serve until Spark ends it; without TensorFlow, as ``pyspark.daemon`` does."""
    try:
        with without_keras():
            import sparkflow.backend.runtime  # noqa: F401
    except RuntimeError as error:  # its tasks may need none; one that does will say so itself
        print(f"sparkflow.daemon goes on without TensorFlow: {error}", file=sys.stderr)
    # Workers import SparkFlow from the jar of their application, of whatever version it is.
    for name in [name for name in sys.modules if name.partition(".")[0] == "sparkflow"]:
        del sys.modules[name]
    gc.freeze()  # a collection in a worker need not touch, and so copy, what was there before it
    daemon.manager()


if __name__ == "__main__":
    main()
