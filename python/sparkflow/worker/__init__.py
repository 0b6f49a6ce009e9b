"""What runs in Spark's Python workers."""

import socket
import sys

try:
    import numpy
    import pyarrow
except ImportError as error:  # before any module that needs them says less
    raise RuntimeError(
        f"{sys.executable} on {socket.gethostname()}, which runs Spark's Python workers, lacks what "
        f"SparkFlow needs ({error}): run `{sys.executable} -m pip install numpy pyarrow tensorflow` there, "
        "or point spark.pyspark.python (PYSPARK_PYTHON) to a Python that has them"
    ) from error

__all__ = ["numpy", "pyarrow"]
