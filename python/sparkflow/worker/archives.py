"""Keeps a reused worker from reading the same archives again at the start of each task."""

from __future__ import annotations

import sys
from zipimport import zipimporter


def forget() -> None:
    """Forget the finders of archives that don't change while an application runs.

    Spark's worker starts each task with `importlib.invalidate_caches`, and up to Python 3.12 that reads the
    directories of all archives anew, once for each package in them: 0.3 s for Spark's own. A finder that is
    forgotten is made again by the next import that looks there, from the directory as it was read before.
    To be called at the end of a task, when its imports are done.
    """
    packages = [sys.modules[name] for name in ("pyspark", "sparkflow") if name in sys.modules]
    fixed = {getattr(package.__loader__, "archive", None) for package in packages}
    for path, finder in list(sys.path_importer_cache.items()):
        # Spark puts a jar of its own on the path of its workers, too.
        if isinstance(finder, zipimporter) and (finder.archive in fixed or finder.archive.endswith(".jar")):
            del sys.path_importer_cache[path]
