"""The variables of a Keras model, and its calls as functions of their values.

A trainable variable is a weight. The others of `model.weights` (a batch norm's averages, frozen layers) are
state. Random layers such as dropout count their draws in variables of their own, which are neither: each
worker has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from sparkflow.backend.keras.checks import Input, Output
from sparkflow.backend.keras.loss import Label, Loss
from sparkflow.backend.keras.trace import Trace
from sparkflow.backend.layout import STATE_DTYPES
from sparkflow.backend.runtime import tf


class Variables:
    """The variables of a model, in the order in which `Calls` takes their values: weights, state, seeds.

    Attributes
    ----------
    weights, state, seeds : list of keras.Variable
    """

    def __init__(self, model: Any) -> None:
        self.weights: list[Any] = list(model.trainable_variables)
        kept = {id(variable) for variable in model.weights}
        trained = {id(variable) for variable in self.weights}
        self.state: list[Any] = [v for v in model.weights if id(v) not in trained]
        others = {id(v): v for v in [*model.variables, *model.metrics_variables] if id(v) not in kept}
        self.seeds: list[Any] = [v for v in others.values() if v.name == "seed_generator_state"]
        seeds = {id(variable) for variable in self.seeds}
        # Those of metrics: what they count means nothing here.
        self._fixed = [(v, v.value.numpy()) for v in others.values() if id(v) not in seeds]

    @property
    def fed(self) -> list[Any]:
        return [*self.weights, *self.state, *self.seeds]

    def mapping(self, values: Sequence[Any]) -> list[tuple[Any, Any]]:
        """What each variable is to be in a `keras.StatelessScope`."""
        return [
            *zip(self.fed, values, strict=True),
            *self._fixed,
        ]


def kept_dtype(variable: Any) -> str:
    """The dtype in which state is kept: one that SparkFlow's state may have, and that holds every value.

    Raises
    ------
    ValueError
        There is none.
    """
    dtype: str = keras.backend.standardize_dtype(variable.dtype)
    if dtype in STATE_DTYPES:
        return dtype
    if dtype in ("float16", "bfloat16"):
        return "float32"
    if dtype in ("bool", "int8", "int16", "uint8", "uint16", "uint32"):
        return "int64"
    raise ValueError(f"variable '{variable.path}' has dtype {dtype}, which SparkFlow's models do not keep")


def kept_value(variable: Any) -> np.ndarray:
    """The value of state, as `kept_dtype` keeps it."""
    return np.asarray(variable.value.numpy().astype(kept_dtype(variable)))


def fed_specs(variables: Variables) -> list[tuple[tuple[int | None, ...], str]]:
    """Shape and dtype of each of `variables.fed`."""
    return [(tuple(v.shape), keras.backend.standardize_dtype(v.dtype)) for v in variables.fed]


class Training:
    """The model in training: values of its variables and a mini-batch in, the loss and new values out.

    Parameters
    ----------
    model : keras.Model
        A checked one.

    Attributes
    ----------
    trace : Trace
        Takes the values of `variables.fed` and a batch, as `batch_specs` says. Gives the loss; the new
        values of `updated`; and, if `has_gradients`, the gradient of each weight.
    updated : list of int
        Which of `variables.fed` a step changes.
    """

    def __init__(
        self,
        model: Any,
        variables: Variables,
        sources: Sequence[Input],
        loss: Loss,
        labels: Sequence[Label],
        weight: Label | None = None,
    ) -> None:
        specs: list[Any] = [*fed_specs(variables), *batch_specs(sources, labels, weight)]
        self._counts = (len(sources), len(labels))
        self._model, self._variables, self._loss = model, variables, loss
        self.updated: list[int] = []
        self.trace = Trace(self._call, specs)
        self.has_gradients = self.trace.has_custom_gradients
        if self.has_gradients:
            self.trace = Trace(self._differentiated, specs)

    def _call(self, *tensors: Any) -> list[Any]:
        count = len(self._variables.fed)
        values = tensors[:count]
        x, y, weight = parts(tensors[count:], *self._counts)
        model = self._model
        with keras.StatelessScope(self._variables.mapping(values), collect_losses=True) as scope:
            before = [scope.get_current_value(variable) for variable in self._variables.fed]
            prediction = called(model, x, training=True)
            total = keras.ops.cast(self._loss(y, packed(model, x), prediction, weight), "float32")
            after = [scope.get_current_value(variable) for variable in self._variables.fed]
        self.updated = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if new is not old]
        weights = self._variables.weights
        if self.updated and self.updated[0] < len(weights):
            raise ValueError(
                f"model '{model.name}' assigns its trainable variable '{weights[self.updated[0]].path}' "
                "while it is called, but the optimizer owns it: make it with trainable=False"
            )
        return [total, *(keras.ops.convert_to_tensor(after[i]) for i in self.updated)]

    def _differentiated(self, *tensors: Any) -> list[Any]:
        weights = tensors[: len(self._variables.weights)]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            outcome = self._call(*tensors)
        gradients = tape.gradient(outcome[0], weights, unconnected_gradients="zero")
        return [*outcome, *(tf.convert_to_tensor(gradient) for gradient in gradients)]


class Prediction:
    """The model in inference, as `model.predict` computes.

    Attributes
    ----------
    trace : Trace
        Takes the values of `variables.fed` and the inputs; gives the predictions.
    outputs : list of Output
    """

    def __init__(self, model: Any, variables: Variables, sources: Sequence[Input]) -> None:
        self.outputs: list[Output] = []
        count = len(variables.fed)

        def call(*tensors: Any) -> list[Any]:
            with keras.StatelessScope(variables.mapping(tensors[:count])):
                outcome = called(model, tensors[count:], training=False)
            predictions = list(keras.tree.flatten(outcome))
            names = names_of(model, outcome, len(predictions))
            self.outputs = [Output(tuple(p.shape), name) for p, name in zip(predictions, names, strict=True)]
            return predictions

        self.trace = Trace(call, [*fed_specs(variables), *batch_specs(sources)])


def names_of(model: Any, outcome: Any, count: int) -> list[str]:
    """Names of a model's outputs, of which there are so many: the keys of a dict, or those of its layers."""
    if isinstance(outcome, dict) and len(outcome) == count:
        return sorted(outcome)
    names = list(getattr(model, "output_names", None) or [])
    return names if len(names) == count else [f"output_{number}" for number in range(count)]


def batch_specs(
    sources: Sequence[Input], labels: Sequence[Label] = (), weight: Label | None = None
) -> list[tuple[tuple[int | None, ...], str]]:
    """Shape and dtype of each tensor of a mini-batch: inputs, labels and, if there are, sample weights."""
    all_of_them: list[Any] = [*sources, *labels, *([] if weight is None else [weight])]
    return [(spec.shape, spec.dtype) for spec in all_of_them]


def parts(tensors: Sequence[Any], inputs: int, labels: int) -> tuple[list[Any], list[Any], Any]:
    """The inputs, the labels and the sample weights (or None) of a mini-batch."""
    x, y, rest = tensors[:inputs], tensors[inputs : inputs + labels], tensors[inputs + labels :]
    return list(x), list(y), (rest[0] if rest else None)


def packed(model: Any, x: Sequence[Any]) -> Any:
    """The inputs as the model takes them."""
    inputs = getattr(model, "input", None)  # one tensor, or a list or dict with them
    return keras.tree.pack_sequence_as(inputs, list(x)) if keras.tree.is_nested(inputs) else x[0]


def called(model: Any, x: Sequence[Any], training: bool) -> Any:
    """The outputs as the model gives them, or its only one, with the masks that Keras' losses heed."""
    outcome = model(packed(model, x), training=training)
    outputs = keras.tree.flatten(outcome)
    for output in outputs:
        if output.shape.rank in (0, None):
            raise ValueError(
                f"model '{model.name}' gives {output.shape} for a mini-batch: its first dimension must "
                "count the rows"
            )
    return outputs[0] if len(outputs) == 1 else outcome
