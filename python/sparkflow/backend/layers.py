"""TensorFlow 1's API as graph functions use it: ``tensorflow.compat.v1`` and a ``tf.layers`` that works.

TensorFlow resolves ``tf.compat.v1.layers`` through Keras; Keras 3 dropped those layers, the package
``tf_keras`` kept them.
"""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sparkflow.backend.runtime import tf

_patching = threading.RLock()


def legacy_layers() -> ModuleType:
    """TensorFlow 1's ``tf.layers`` (``dense``, ``Dense``, ``conv2d`` and so on), as ``tf_keras`` keeps it.

    Raises
    ------
    ImportError
        ``tf_keras`` is not installed.
    """
    try:
        from tf_keras.api._v1.keras.__internal__.legacy import layers
    except ModuleNotFoundError as e:
        if not (e.name or "").startswith("tf_keras"):
            raise
        raise ImportError(
            "tf.layers needs the package tf_keras, since Keras 3 has no TensorFlow 1 layers:"
            " pip install tf_keras"
        ) from e
    module: ModuleType = layers
    return module


@contextmanager
def working_layers() -> Iterator[None]:
    """Makes ``tensorflow.compat.v1.layers`` itself work inside the ``with`` block.

    The module object is filled, not replaced, so a ``layers`` that was imported by name earlier works, too.
    Afterwards it is as it was found. Deprecation warnings of TensorFlow 1's API are silent inside. Blocks of
    several threads run one after the other.

    Raises
    ------
    ImportError
        The block used ``tensorflow.compat.v1.layers`` and ``tf_keras`` is not installed.
    """
    with _patching, _silent_deprecations():
        lazy = tf.layers
        filled: list[str] = []
        missing: ImportError | None = None
        if not hasattr(lazy, "dense"):  # it has with TF_USE_LEGACY_KERAS=1, and in a nested block
            try:
                layers = legacy_layers()
                filled = [name for name in dir(layers) if not name.startswith("_")]
                lazy.__dict__.update({name: getattr(layers, name) for name in filled})
            except ImportError as e:
                missing = e
        try:
            yield
        except AttributeError as e:
            if missing is not None and "not available with Keras 3" in str(e):
                raise missing from e
            raise
        finally:
            for name in filled:
                del lazy.__dict__[name]


@contextmanager
def _silent_deprecations() -> Iterator[None]:
    def keep(record: logging.LogRecord) -> bool:
        return "is deprecated and will be removed" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`tf\.layers\.", category=UserWarning)
        logger.addFilter(keep)
        try:
            yield
        finally:
            logger.removeFilter(keep)
