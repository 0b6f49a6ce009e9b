"""TensorFlow without Keras."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


@contextmanager
def without_keras() -> Iterator[None]:
    """While this lasts, Keras can be found but not imported.

    TensorFlow imports it at its own end, so that its optimizers are known to SavedModel, and goes on if it
    can't. That takes a second of a core, as Keras brings pandas and matplotlib along; a worker, which runs a
    graph, needs none of it. Whoever imports Keras later gets it.
    """
    finder = _Later()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Later(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        spec = PathFinder.find_spec(fullname, path, target)  # TensorFlow asks where it is
        if spec is not None:
            spec.loader = _Refusing()
        return spec


class _Refusing(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        raise ImportError("Keras is not imported together with TensorFlow here")

    def exec_module(self, module: ModuleType) -> None:
        raise AssertionError("there is no such module")
