"""SparkFlow: TensorFlow inside Spark ML."""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparkflow.predictor import Predictor, load_predictor
    from sparkflow.sql import register

__all__ = ["Predictor", "__version__", "load_predictor", "register"]

_version = pkgutil.get_data("sparkflow", "VERSION")
if _version is None:
    raise ImportError("the sparkflow package has no file VERSION: it was not installed whole")
__version__: str = _version.decode("utf-8").strip()

# Imported when they are asked for: a worker needs none of it, and a predictor no Spark.
_HOMES = {
    "Predictor": "sparkflow.predictor",
    "load_predictor": "sparkflow.predictor",
    "register": "sparkflow.sql",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sparkflow' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
