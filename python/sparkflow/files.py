"""Files on the driver or on any file system that Hadoop reaches."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def is_remote(path: str) -> bool:
    """Whether `path` is for Hadoop: it begins with a scheme, such as ``hdfs://``, other than ``file:``."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", path)  # a single letter is a drive of Windows'
    return scheme is not None and scheme[1] != "file"


@contextmanager
def fetched(path: str) -> Iterator[str]:
    """A local path with the content of `path`: its own, or that of a copy that lives as long as the block.

    Where nothing has just this name, it is that of a checkpoint, whose files go on with a dot.

    Raises
    ------
    FileNotFoundError
        Nothing is there, on a remote file system.
    """
    if not is_remote(path):
        yield _local(path)
        return
    with tempfile.TemporaryDirectory(prefix="sparkflow-") as folder:
        source, fs, hadoop = _hadoop(path)
        if fs.exists(source):
            parts = [source]
        else:
            found = fs.globStatus(hadoop.Path(source.getParent(), f"{source.getName()}.*"))
            parts = [status.getPath() for status in found or []]
        if not parts:
            raise FileNotFoundError(f"there is nothing at {path}")
        target = str(Path(folder).resolve())
        for part in parts:
            fs.copyToLocalFile(False, part, hadoop.Path("file", None, f"{target}/{part.getName()}"), True)
        yield f"{target}/{source.getName()}"


@contextmanager
def written(path: str, overwrite: bool) -> Iterator[str]:
    """A local path to write a file or directory to, which goes to `path` when the block ends without error.

    Raises
    ------
    FileExistsError
        There is something and `overwrite` is false.
    """
    place = _Remote(path) if is_remote(path) else _Local(path)
    if place.exists() and not overwrite:
        raise FileExistsError(f"there is something at {path} already: give overwrite=True, or another path")
    with tempfile.TemporaryDirectory(prefix="sparkflow-") as folder:
        made = str(Path(folder).resolve() / place.name)
        yield made
        if place.exists():
            place.delete()
        place.take(made)


class _Local:
    def __init__(self, path: str) -> None:
        self._path = Path(_local(path))
        self.name = self._path.name

    def exists(self) -> bool:
        return self._path.exists()

    def delete(self) -> None:
        if self._path.is_dir() and not self._path.is_symlink():
            shutil.rmtree(self._path)
        else:
            self._path.unlink()

    def take(self, made: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, self._path)


class _Remote:
    def __init__(self, path: str) -> None:
        self._path, self._fs, self._hadoop = _hadoop(path)
        self.name = self._path.getName()

    def exists(self) -> bool:
        return bool(self._fs.exists(self._path))

    def delete(self) -> None:
        self._fs.delete(self._path, True)

    def take(self, made: str) -> None:
        self._fs.mkdirs(self._path.getParent())
        self._fs.copyFromLocalFile(True, True, self._hadoop.Path("file", None, made), self._path)


def _local(path: str) -> str:
    return re.sub(r"^file:(//)?(?=/)", "", path)


def _hadoop(path: str) -> tuple[Any, Any, Any]:
    from sparkflow.session import active_context  # Spark is for such paths alone

    context = active_context()
    hadoop = context._jvm.org.apache.hadoop.fs
    found = hadoop.Path(path)
    return found, found.getFileSystem(context._jsc.hadoopConfiguration()), hadoop
