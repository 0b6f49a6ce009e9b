"""Local steps: the weights live in the session, and TensorFlow's own optimizer moves them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparkflow.backend.layout import Variable
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
    """The weights as variables that an optimizer of the session moves, in the current default graph.

    A float32 variable of the model is such itself; one of another dtype has a float32 one beside it, from
    which it is set in each step.

    Parameters
    ----------
    variables : sequence of (tf.Variable, Variable)
        Those of the model that are trained, with their places in the flat weights.
    name : str
        Of the optimizer, as in `tfOptimizer`.
    options : mapping
        Arguments of its constructor in TensorFlow.

    Attributes
    ----------
    value : tf.Tensor
        Placeholder, float32 [count].
    load : tf.Operation
        Sets the variables of other dtypes.
    loaded : set of str
        Their names.
    """

    def __init__(
        self, variables: Sequence[tuple[Any, Variable]], name: str, options: Mapping[str, float | bool]
    ) -> None:
        # Slots are named after the variable and the optimizer; the graph may hold those of the user's own.
        self._optimizer = getattr(tf.train, _CLASSES[name])(**options, name="sparkflow_local")
        self._entries = [entry for _, entry in variables]
        self._apart = {v.op.name: _beside(v, entry) for v, entry in variables if _is_other(v)}
        self._own = [self._apart.get(variable.op.name, variable) for variable, _ in variables]
        self.value = tf.placeholder(tf.float32, [sum(entry.size for entry in self._entries)], name="weights")
        self.load = tf.group(
            *(
                variable.assign(tf.cast(own.read_value(), variable.dtype.base_dtype), read_value=False)
                for (variable, _), own in zip(variables, self._own, strict=True)
                if own is not variable
            ),
            name="load",
        )
        self.loaded = set(self._apart)

    def ops(self, gradient: Sequence[Any], sizes: Sequence[Sequence[int]], after: Sequence[Any]) -> LocalOps:
        """Add a step along `gradient`, which is in parts of some variables each, of these `sizes`.

        It waits for what else reads the weights: so none is in use, and TensorFlow moves it in place.
        """
        pieces: list[Any] = []
        for part, inner in zip(gradient, sizes, strict=True):
            pieces += [part] if len(inner) == 1 else tf.split(part, list(inner))
        shapes = [entry.shape for entry in self._entries]
        shaped = [tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)]
        with tf.control_dependencies([*after, *shaped]):
            apply = self._optimizer.apply_gradients(list(zip(shaped, self._own, strict=True)))
        # Copies: what the caller feeds stays the caller's.
        values = tf.split(self.value, [entry.size for entry in self._entries])
        assigns = [
            own.assign(tf.reshape(value, shape), read_value=False)
            for own, value, shape in zip(self._own, values, shapes, strict=True)
        ]
        flat = [tf.reshape(own.read_value(), [-1]) for own in self._own]
        made = [*self._apart.values(), *self._optimizer.variables()]
        return LocalOps(
            self.value.name,
            tf.group(*assigns, name="local_assign").name,
            tf.concat(flat, 0, name="local_read").name,
            apply.name,
            tuple(variable.initializer.name for variable in made),
        )


def _is_other(variable: Any) -> bool:
    return bool(variable.dtype.base_dtype != tf.float32)


def _beside(variable: Any, entry: Variable) -> Any:
    return tf.Variable(
        tf.zeros(entry.shape), trainable=False, collections=[], use_resource=True, name="local_weights"
    )
