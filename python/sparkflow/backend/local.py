"""Local steps: the weights live in the session, and TensorFlow's own optimizer moves them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparkflow.backend.runtime import tf

# Adagrad DA and FTRL are not among them: their weights follow from sums of gradients, so what other workers
# have learnt would be gone with the next step.
_CLASSES = {
    "adam": "AdamOptimizer",
    "rmsprop": "RMSPropOptimizer",
    "momentum": "MomentumOptimizer",
    "adadelta": "AdadeltaOptimizer",
    "adagrad": "AdagradOptimizer",
    "gradient_descent": "GradientDescentOptimizer",
    "proximal_adagrad": "ProximalAdagradOptimizer",
    "proximal_gradient_descent": "ProximalGradientDescentOptimizer",
}


@dataclass(frozen=True)
class LocalOps:
    """Names of what is called in the graph.

    Attributes
    ----------
    value, assign : str
        Placeholder, float32 [count], and the operation that makes it the weights.
    weights : str
        Tensor, float32 [count]: the weights.
    apply : str
        Operation: one step of the optimizer.
    initializers : tuple of str
        Operations to run once in a session.
    """

    value: str
    assign: str
    weights: str
    apply: str
    initializers: tuple[str, ...]


class LocalWeights:
    """The flat weights as a variable of the current default graph.

    Parameters
    ----------
    count : int
        Number of values.
    name : str
        Of the optimizer, as in `tfOptimizer`.
    options : mapping
        Arguments of its constructor in TensorFlow.
    """

    def __init__(self, count: int, name: str, options: Mapping[str, float | bool]) -> None:
        self._optimizer = getattr(tf.train, _CLASSES[name])(**options)
        self._variable = tf.Variable(
            tf.zeros([count]), trainable=False, collections=[], use_resource=True, name="local_weights"
        )
        self.value = self._variable.read_value()

    def ops(self, gradient: Sequence[Any], after: Sequence[Any]) -> LocalOps:
        """Add a step along `gradient`, which is in parts; it waits for what else reads the weights."""
        value = tf.placeholder(tf.float32, self._variable.shape, name="local_value")
        assign = self._variable.assign(value, read_value=False)
        flat = tf.concat(list(gradient), 0)
        with tf.control_dependencies(list(after)):
            apply = self._optimizer.apply_gradients([(flat, self._variable)])
        made = [self._variable, *self._optimizer.variables()]
        return LocalOps(
            value.name,
            assign.name,
            tf.identity(self._variable, name="local_read").name,
            apply.name,
            tuple(variable.initializer.name for variable in made),
        )
