import importlib
import sys
import zipfile
from types import ModuleType
from zipimport import zipimporter

from interpreter import run
from sparkflow.worker import reuse


def test_only_archives_that_do_not_change_are_forgotten_and_imports_go_on(tmp_path, monkeypatch):
    paths = {name: str(tmp_path / name) for name in ("spark-core.jar", "own.zip", "users.zip")}
    for name, path in paths.items():
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"module_in_{name[:3]}.py", "")
        monkeypatch.syspath_prepend(path)
        importlib.import_module(f"module_in_{name[:3]}")
        monkeypatch.delitem(sys.modules, f"module_in_{name[:3]}")
    own = ModuleType("own")
    own.__loader__ = zipimporter(paths["own.zip"])
    monkeypatch.setitem(sys.modules, "sparkflow", own)
    assert set(paths.values()) <= set(sys.path_importer_cache)

    reuse.forget_archives()
    assert set(paths.values()) & set(sys.path_importer_cache) == {paths["users.zip"]}
    importlib.invalidate_caches()
    importlib.import_module("module_in_own")
    assert "module_in_own" in sys.modules
    del sys.modules["module_in_own"]


def test_a_collection_of_garbage_leaves_out_what_tensorflow_brought():
    # The entry points come first in a worker, and leave TensorFlow to load_tensorflow.
    code = """
import gc, sys
from sparkflow.worker import predict, reuse, train
assert "tensorflow" not in sys.modules
reuse.load_tensorflow()
frozen = gc.get_freeze_count()
later = [[] for _ in range(1000)]
reuse.load_tensorflow()
print(frozen, gc.get_freeze_count(), len(gc.get_objects()))
"""
    frozen, after_another, looked_at = map(int, run(code).stdout.split())
    assert frozen > 100_000 > looked_at >= 1000
    assert after_another == frozen
