import importlib
import sys
import zipfile
from types import ModuleType
from zipimport import zipimporter

from interpreter import run
from sparkflow.worker import reuse


def test_only_archives_that_do_not_change_are_forgotten_and_imports_go_on(tmp_path, monkeypatch):
    names = ("spark-core.jar", "pyspark.zip", "py4j-0.10.9-src.zip", "own.zip", "users.zip", "mypyspark.zip")
    paths = {name: str(tmp_path / name) for name in names}
    for name, path in paths.items():
        module = f"module_in_{name.partition('.')[0].replace('-', '_')}"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{module}.py", "")
        monkeypatch.syspath_prepend(path)
        importlib.import_module(module)
        monkeypatch.delitem(sys.modules, module)
    own = ModuleType("own")
    own.__loader__ = zipimporter(paths["own.zip"])
    monkeypatch.setitem(sys.modules, "sparkflow", own)
    assert set(paths.values()) <= set(sys.path_importer_cache)

    reuse.forget_archives()
    assert set(paths.values()) & set(sys.path_importer_cache) == {paths["users.zip"], paths["mypyspark.zip"]}
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


def test_a_worker_has_tensorflow_without_keras_which_comes_when_it_is_asked_for():
    code = """
import sys
from sparkflow.worker import reuse
reuse.load_tensorflow()
assert not {"keras", "pandas", "matplotlib"} & set(sys.modules)
import numpy as np
import keras
import tensorflow as tf
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
print(tf.keras.__name__, model.predict(np.ones((3, 2)), verbose=0).shape)
"""
    assert run(code).stdout.split(maxsplit=1)[1].strip() == "(3, 1)"
