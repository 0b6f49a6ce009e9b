"""SparkFlow: TensorFlow inside Spark ML."""

import pkgutil

__all__ = ["__version__"]

_version = pkgutil.get_data("sparkflow", "VERSION")
if _version is None:
    raise ImportError("the sparkflow package has no file VERSION: it was not installed whole")
__version__: str = _version.decode("utf-8").strip()
