"""Spark's own Python daemon, which has TensorFlow loaded before it makes its workers:
``spark.python.daemon.module=sparkflow.daemon``.

Workers are forks of the daemon. Without this each loads TensorFlow by itself, which takes seconds of a core
and hundreds of megabytes; with it they begin at once and share what they do not change. TensorFlow starts its
threads with the first session, which is a worker's; so nothing of it is lost in a fork.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from sparkflow.backend.without_keras import without_keras


def main() -> None:
    """Serve until Spark ends it; as ``pyspark.daemon`` does, where there is no TensorFlow, or no numpy."""
    daemon = _pyspark_daemon()
    try:
        with without_keras():
            import sparkflow.backend.runtime  # noqa: F401
        from sparkflow.worker.reuse import forget_archives

        forget_archives()
    except RuntimeError as error:  # its tasks may need none; one that does will say so itself
        print(f"sparkflow.daemon goes on without TensorFlow: {error}", file=sys.stderr)
    # Workers import SparkFlow from the jar of their application, of whatever version it is.
    for name in [name for name in sys.modules if name.partition(".")[0] == "sparkflow"]:
        del sys.modules[name]
    gc.freeze()  # a collection in a worker need not touch, and so copy, what was there before it
    daemon.manager()


def _pyspark_daemon() -> Any:
    """Import ``pyspark.daemon``, and with it all that a worker has of Spark.

    Spark puts an archive of sources first on the path, which Python compiles whenever it starts, for 0.6 s.
    The same release lies beside it, and stays compiled, in a distribution as well as where pip puts it.
    """
    compiled = next((folder for path in sys.path if (folder := _beside(Path(path)))), None)
    if compiled is None:
        return import_module("pyspark.daemon")
    sys.path.insert(0, compiled)
    try:
        return import_module("pyspark.daemon")
    finally:
        sys.path.remove(compiled)


def _beside(archive: Path) -> str | None:
    """The folder from which the package of an archive of Spark's own, as it is unpacked, can be imported."""
    # …/python/lib/pyspark.zip is beside …/python/pyspark, or within …/pyspark.
    if archive.name != "pyspark.zip" or archive.parent.name != "lib":
        return None
    folders = archive.parents[1], archive.parents[1].parent.parent
    return next((str(folder) for folder in folders if (folder / "pyspark" / "daemon.py").is_file()), None)


if __name__ == "__main__":
    main()
