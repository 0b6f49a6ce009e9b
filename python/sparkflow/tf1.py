"""``from sparkflow import tf1 as tf``: ``tensorflow.compat.v1`` with a ``tf.layers`` that works with Keras 3.

Everything but ``layers`` is TensorFlow's own object. TensorFlow is imported on the first use of a name, not
before.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # import machinery and inspect probe for these: no reason to load TensorFlow
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "layers":
        from sparkflow.backend.layers import legacy_layers

        return legacy_layers()
    from sparkflow.backend.runtime import tf

    return getattr(tf, name)


def __dir__() -> list[str]:
    from sparkflow.backend.runtime import tf

    return dir(tf)
