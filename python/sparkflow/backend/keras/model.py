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

from sparkflow.backend.keras.checks import Input
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


def fed_specs(variables: Variables) -> list[Input]:
    """Shape and dtype of each of `variables.fed`."""
    return [Input(tuple(v.shape), keras.backend.standardize_dtype(v.dtype)) for v in variables.fed]


class Training:
    """The model in training: values of its variables and a mini-batch in, the loss and new values out.

    Parameters
    ----------
    model : keras.Model
        A checked one.

    Attributes
    ----------
    trace : Trace
        Takes the values of `variables.fed`, the input and, of those that there are, the label and the sample
        weights. Gives the loss;
        the new values of `updated`; and, if `has_gradients`, the gradient of each weight.
    updated : list of int
        Which of `variables.fed` a step changes.
    """

    def __init__(
        self,
        model: Any,
        variables: Variables,
        source: Input,
        loss: Loss,
        label: Label | None,
        weight: Label | None = None,
    ) -> None:
        specs: list[Any] = [*fed_specs(variables), source]
        specs += [spec for spec in (label, weight) if spec is not None]
        self._given = (label is not None, weight is not None)
        self._model, self._variables, self._loss = model, variables, loss
        self.updated: list[int] = []
        self.trace = Trace(self._call, specs)
        self.has_gradients = self.trace.has_custom_gradients
        if self.has_gradients:
            self.trace = Trace(self._differentiated, specs)

    def _call(self, *tensors: Any) -> list[Any]:
        count = len(self._variables.fed)
        values, x = tensors[:count], tensors[count]
        y, weight = others(tensors[count + 1 :], *self._given)
        model = self._model
        with keras.StatelessScope(self._variables.mapping(values), collect_losses=True) as scope:
            before = [scope.get_current_value(variable) for variable in self._variables.fed]
            prediction = called(model, x, training=True)
            total = keras.ops.cast(self._loss(y, x, prediction, weight), "float32")
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
        Takes the values of `variables.fed` and the input; gives the prediction.
    shape : tuple of int or None
        Of the prediction; the first dimension counts the rows.
    """

    def __init__(self, model: Any, variables: Variables, source: Input) -> None:
        self.shape: tuple[int | None, ...] = ()

        def call(*tensors: Any) -> list[Any]:
            with keras.StatelessScope(variables.mapping(tensors[:-1])):
                prediction = called(model, tensors[-1], training=False)
            self.shape = tuple(prediction.shape)
            return [prediction]

        self.trace = Trace(call, [*fed_specs(variables), source])


def others(tensors: Sequence[Any], label: bool, weight: bool) -> tuple[Any, Any]:
    """The label and the sample weights, None for that which is not among the tensors."""
    remaining = iter(tensors)
    return (next(remaining) if label else None), (next(remaining) if weight else None)


def called(model: Any, x: Any, training: bool) -> Any:
    """The one output of the model, with the mask that Keras' losses heed."""
    inputs = getattr(model, "input", None)  # one tensor, or a list or dict with it
    given = keras.tree.pack_sequence_as(inputs, [x]) if keras.tree.is_nested(inputs) else x
    outputs = keras.tree.flatten(model(given, training=training))
    if len(outputs) != 1:
        names = getattr(model, "output_names", None) or [output.name for output in outputs]
        raise ValueError(
            f"model '{model.name}' has {len(outputs)} outputs ({', '.join(names)}), but only one can be "
            "trained yet: make a keras.Model of the inputs and that one output"
        )
    if outputs[0].shape.rank in (0, None):
        raise ValueError(
            f"model '{model.name}' gives {outputs[0].shape} for a mini-batch: its first dimension must "
            "count the rows"
        )
    return outputs[0]
