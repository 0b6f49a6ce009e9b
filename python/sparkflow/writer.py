"""Saving, with an error that is a sentence."""
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.ml.util import JavaMLWritable, JavaMLWriter

from sparkflow.session import active_context


class Writer(JavaMLWriter):
    """Spark's writer of a stage; what a file system says is an OSError, not pages of the JVM's calls."""

    def save(self, path: str) -> None:
        """Save to `path`, of any file system that Spark knows.

        Raises
        ------
        OSError
            If something is there already, or the path cannot be written. The message says what to do.
        """
        try:
            super().save(path)
        except Py4JJavaError as error:
            java: Any = error.java_exception
            if java.getClass().getName() != "java.io.IOException":
                raise
            raise OSError(java.getMessage()) from error


class Writable(JavaMLWritable):
    """A stage that is saved by it."""

    def write(self) -> Writer:
        """The writer; ``save(path)`` is short for ``write().save(path)``."""
        active_context()
        return Writer(self)
