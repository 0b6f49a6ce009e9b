"""Lets a worker that Spark uses again begin its next task at once."""

from __future__ import annotations

import gc
import re
import sys
from zipimport import zipimporter

from sparkflow.backend.without_keras import without_keras

_RUNTIME = "sparkflow.backend.runtime"
# What Spark itself puts on the path of its workers.
_SPARKS = re.compile(r"\.jar$|/pyspark\.zip$|/py4j-[^/]*\.zip$")


def load_tensorflow() -> None:
    """Import TensorFlow, and take what is in memory then for permanent.

    Spark's worker collects garbage after each task, and looks at every object for it: with TensorFlow's, this
    takes more than 0.1 s of a core. Only for a worker: garbage of before the import is kept.

    Raises
    ------
    RuntimeError
        If TensorFlow is not installed.
    """
    if _RUNTIME not in sys.modules:
        with without_keras():
            import sparkflow.backend.runtime  # noqa: F401

        gc.freeze()


def forget_archives() -> None:
    """Forget the finders of archives that don't change while an application runs.

    Spark's worker starts each task with `importlib.invalidate_caches`, and up to Python 3.12 that reads the
    directories of all archives anew, once for each package in them: 0.3 s for Spark's own. A finder that is
    forgotten is made again by the next import that looks there, from the directory as it was read before.
    To be called at the end of a task, when its imports are done.
    """
    own = getattr(getattr(sys.modules.get("sparkflow"), "__loader__", None), "archive", None)
    for path, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimporter) and (finder.archive == own or _SPARKS.search(finder.archive)):
            del sys.path_importer_cache[path]
