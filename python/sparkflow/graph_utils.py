"""Makes the graph that ``SparkAsyncDL`` takes from the function that builds it; the optimizers' options."""

import json
import sys
from collections.abc import Callable
from typing import Any


class GraphError(ValueError):
    """The function builds no graph that can be trained."""


# What a layer raises that can't be made where it is.
_ERRORS = (ArithmeticError, AttributeError, ImportError, LookupError, RuntimeError, TypeError, ValueError)


def build_graph(func: Callable[[], Any]) -> str:
    """Runs a function that builds a TensorFlow 1 graph and returns the graph as MetaGraphDef JSON text.

    The function is written against ``from sparkflow import tf1 as tf`` or ``import tensorflow.compat.v1 as
    tf``; with both, ``tf.layers`` works while the function runs. What is trained is the first tensor of the
    graph's LOSSES collection, which every ``tf.losses`` function fills. If the collection is empty, a tensor
    that the function returns becomes the loss.

    A function that returns a compiled Keras model makes the model's graph, with the model's values in it, as
    a file for Scala needs it: ``x:0`` takes the features and ``y:0`` the label, ``out:0`` predicts. In
    Python, ``SparkAsyncDL(model=…)`` does more. Such a function is called twice.

    Parameters
    ----------
    func : callable
        Takes no argument. Builds placeholders, variables and the loss in the default graph, or a Keras model.

    Returns
    -------
    str
        For ``SparkAsyncDL(tensorflowGraph=…)``.

    Raises
    ------
    TypeError
        ``func`` is not callable.
    GraphError
        The graph has no loss, or the loss is not one floating-point number.
    RuntimeError
        TensorFlow is not installed.
    ValueError
        The Keras model cannot be trained, or has more than 256 MiB of values.
    ImportError
        The function uses ``tf.layers``, and ``tf_keras`` is not installed.
    """
    if not callable(func):
        raise TypeError(f"build_graph takes a function that builds the graph, got {func!r}")
    try:
        text = _in_graph(func)
    except GraphError:
        raise
    except _ERRORS as e:
        model = _outside(func)
        if model is None:
            raise _explained(e) from None
    else:
        if text is not None:
            return text
        model = func()  # only outside of any graph its variables have values
    from sparkflow.backend.keras.convert import convert

    return convert(model, embed=True).graph


def _in_graph(func: Callable[[], Any]) -> str | None:
    """What the function builds in a graph; None if it made a Keras model."""
    from google.protobuf import json_format

    from sparkflow import tf1 as tf
    from sparkflow.backend.layers import working_layers

    with tf.Graph().as_default(), working_layers():
        returned = func()
        if _is_keras_model(returned):
            return None
        _ensure_loss(tf, returned, getattr(func, "__name__", repr(func)))
        text: str = json_format.MessageToJson(tf.train.export_meta_graph())
        return text


def _outside(func: Callable[[], Any]) -> Any:
    """The Keras model of a function that can't make it in a graph, as some preprocessing layers can't.

    None if it makes none outside of one either: then it is what failed in the graph that counts.
    """
    if "keras" not in sys.modules:
        return None
    try:
        model = func()
    except _ERRORS:
        return None
    return model if _is_keras_model(model) else None


def _explained(error: Exception) -> Exception:
    if not (isinstance(error, AttributeError) and str(error).startswith("module 'tensorflow' has no")):
        return error
    return AttributeError(
        f"{error}: a graph function uses TensorFlow 1's API: import it with"
        " `from sparkflow import tf1 as tf` or `import tensorflow.compat.v1 as tf`"
    )


def _is_keras_model(value: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)


def _ensure_loss(tf: Any, returned: Any, name: str) -> None:
    losses = tf.get_collection(tf.GraphKeys.LOSSES)
    if not losses:
        if not isinstance(returned, tf.Tensor):
            raise GraphError(
                f"the graph of {name} has no loss: use a function of tf.losses, or return the loss tensor"
                f" (it returned {type(returned).__name__})"
            )
        if returned.graph is not tf.get_default_graph():
            raise GraphError(f"the tensor that {name} returned, {returned.name}, was not made in its graph")
        tf.losses.add_loss(returned)
        losses = [returned]
    loss = losses[0]
    if not loss.dtype.is_floating or loss.shape.rank not in (0, None):
        raise GraphError(
            f"the loss {loss.name} of {name} must be one floating-point number, but is {loss.dtype.name}"
            f" of shape {loss.shape}: reduce it, for example with tf.reduce_mean"
        )


def generate_config(**kwargs: Any) -> str:
    """Optimizer options by TensorFlow's names as JSON text, for ``SparkAsyncDL(optimizerOptions=…)``."""
    return json.dumps(kwargs)


def build_adam_config(
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    use_locking: bool = False,
) -> str:
    """Options of ``tfOptimizer='adam'``."""
    return generate_config(
        learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, use_locking=use_locking
    )


def build_rmsprop_config(
    learning_rate: float = 0.001,
    decay: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-10,
    use_locking: bool = False,
    centered: bool = False,
) -> str:
    """Options of ``tfOptimizer='rmsprop'``."""
    return generate_config(
        learning_rate=learning_rate,
        decay=decay,
        momentum=momentum,
        epsilon=epsilon,
        use_locking=use_locking,
        centered=centered,
    )


def build_momentum_config(
    learning_rate: float = 0.001, momentum: float = 0.9, use_locking: bool = False, use_nesterov: bool = False
) -> str:
    """Options of ``tfOptimizer='momentum'``."""
    return generate_config(
        learning_rate=learning_rate, momentum=momentum, use_locking=use_locking, use_nesterov=use_nesterov
    )


def build_adadelta_config(
    learning_rate: float = 0.001, rho: float = 0.95, epsilon: float = 1e-8, use_locking: bool = False
) -> str:
    """Options of ``tfOptimizer='adadelta'``."""
    return generate_config(learning_rate=learning_rate, rho=rho, epsilon=epsilon, use_locking=use_locking)


def build_adagrad_config(
    learning_rate: float = 0.001, initial_accumulator: float = 0.1, use_locking: bool = False
) -> str:
    """Options of ``tfOptimizer='adagrad'``."""
    return generate_config(
        learning_rate=learning_rate, initial_accumulator=initial_accumulator, use_locking=use_locking
    )


def build_gradient_descent(learning_rate: float = 0.001, use_locking: bool = False) -> str:
    """Options of ``tfOptimizer='gradient_descent'``."""
    return generate_config(learning_rate=learning_rate, use_locking=use_locking)
