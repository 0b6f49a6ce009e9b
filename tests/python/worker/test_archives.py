import importlib
import sys
import zipfile
from types import ModuleType
from zipimport import zipimporter

from sparkflow.worker import archives


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

    archives.forget()
    assert set(paths.values()) & set(sys.path_importer_cache) == {paths["users.zip"]}
    importlib.invalidate_caches()
    importlib.import_module("module_in_own")
    assert "module_in_own" in sys.modules
    del sys.modules["module_in_own"]
