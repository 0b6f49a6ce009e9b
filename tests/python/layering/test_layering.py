"""Who may import whom in the Python package, read from the import lines."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "python" / "sparkflow"
OUTSIDE = {
    "numpy",
    "pyarrow",
    "pyspark",
    "tensorflow",
    "keras",
    "tf_keras",
    "h5py",
    "google",
    "py4j",
    "optuna",
    "matplotlib",
}

# room → what it may import, besides the standard library, itself and sparkflow/__init__
ALLOWED = {
    "ps": {"numpy"},
    # h5py is what Keras reads its older files with, and comes with it.
    "backend": {"numpy", "tensorflow", "keras", "tf_keras", "h5py", "google", "sparkflow.ps.buffers"},
    "worker": {"numpy", "pyarrow", "pyspark.TaskContext", "pyspark.broadcast",
               "sparkflow.backend", "sparkflow.ps"},
}  # fmt: skip


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide the room that they reach"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, prefixes: set[str]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in prefixes)


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_import_only_what_they_may(room: str) -> None:
    files = list((PACKAGE / room).rglob("*.py"))
    assert files
    stdlib = set(sys.stdlib_module_names)
    allowed = ALLOWED[room] | stdlib | {f"sparkflow.{room}", "sparkflow.__version__"}
    named = [(f.name, n) for f in files for n in imports(f) if n != "sparkflow"]
    wrong = [f"{file}: {n}" for file, n in named if not within(n, allowed)]
    assert not wrong


def test_only_the_backend_imports_tensorflow() -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in PACKAGE.rglob("*.py")
        if "backend" not in file.parts
        for name in imports(file)
        if within(name, {"tensorflow", "tf_keras", "keras"})
    ]
    assert not wrong


def test_no_pickle_and_no_eval() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert not any(within(n, {"pickle", "cloudpickle", "dill", "marshal"}) for n in imports(file)), file
        calls = [n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call)]
        assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id in {"eval", "exec"}], file
