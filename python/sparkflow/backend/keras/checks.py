"""What can be told of a Keras model before it is traced: that it can be trained here, and what it takes."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import keras


class Input(NamedTuple):
    """The shape of a model's input, whose first dimension counts the rows, its dtype's name, and its own."""

    shape: tuple[int | None, ...]
    dtype: str
    name: str = "x"


class Output(NamedTuple):
    """The shape of what a model predicts, whose first dimension counts the rows, and its name."""

    shape: tuple[int | None, ...]
    name: str


def check_model(model: Any) -> None:
    """Refuse what is no model whose values could be had.

    Raises
    ------
    TypeError
        `model` is no Keras 3 model.
    ValueError
        Keras computes with something else than TensorFlow, or the model is not built.
    """
    if not isinstance(model, keras.Model):
        kind = type(model)
        old = sys.modules.get("tf_keras")
        hint = "a model of tf_keras: build it with Keras 3, `import keras`" if _is(model, old) else "no model"
        raise TypeError(
            f"model must be a keras.Model, got {kind.__module__}.{kind.__qualname__}, which is {hint}"
        )
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            f"Keras computes with {keras.config.backend()}, but SparkFlow takes TensorFlow graphs: set "
            "KERAS_BACKEND=tensorflow before Python starts, or leave it unset"
        )
    if model.built and not model.weights and getattr(model, "inputs", None):
        raise ValueError(
            f"model '{model.name}' has no weights, so there is nothing to train or to save: put its layers "
            "in front of some that learn, or compute the column with Spark"
        )
    if not model.built or not model.weights:
        raise ValueError(
            f"model '{model.name}' has no weights yet, since it does not know its input: begin a Sequential "
            "with keras.Input(shape=…), or call the model once on rows, such as model(np.zeros((1, 784)))"
        )


def check_trainable(model: Any) -> None:
    """Refuse what cannot be trained here.

    Raises
    ------
    TypeError, ValueError
        As `check_model`; or the model has nothing to train, or does something in training that neither a
        graph nor the parameter server can do.
    """
    check_model(model)
    words = f"model '{model.name}'"
    if not model.trainable_variables:
        raise ValueError(
            f"{words} has no trainable variable: there is nothing to train; set trainable = True on the "
            "model or on some of its layers"
        )
    if type(model).train_step is not keras.Model.train_step:
        raise ValueError(
            f"{words} has a train_step of its own, but the parameter server, not Keras, applies the updates: "
            "put what it computes into compute_loss or add_loss"
        )
    if model.dtype_policy.name == "mixed_float16" and _is_scaled(model):
        raise ValueError(
            f"{words} has the policy 'mixed_float16', for which Keras scales the loss, so that small "
            "gradients are not lost, but workers do not: build it after "
            "keras.config.set_dtype_policy('mixed_bfloat16'), and take the weights along with set_weights; "
            "or compile it with auto_scale_loss=False, to train it as it is"
        )
    for variable in model.trainable_variables:
        if variable.constraint is not None:
            raise ValueError(
                f"variable '{variable.path}' has the constraint {type(variable.constraint).__name__}, which "
                "the parameter server cannot apply: leave it out, or use a regularizer"
            )


def _is_scaled(model: Any) -> bool:
    """Whether `fit` of Keras would scale the loss: a model that is not compiled yet may be compiled so."""
    return not model.compiled or isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


def inputs_of(model: Any) -> list[Input]:
    """Return what a checked model takes, in the order of `model.inputs`.

    Raises
    ------
    ValueError
        Nobody knows what it takes.
    """
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return [Input(_built_shape(model), keras.config.floatx())]
    return [Input(tuple(i.shape), keras.backend.standardize_dtype(i.dtype), i.name) for i in inputs]


def _built_shape(model: Any) -> tuple[int | None, ...]:
    """The shape that a subclassed model was called with, for any number of rows."""
    shape = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(shape, (tuple, list)) or not all(d is None or isinstance(d, int) for d in shape):
        raise ValueError(
            f"model '{model.name}' does not tell the shape of one input (it was built with {shape}): call it "
            "once on one array of rows, such as model(np.zeros((1, 784)))"
        )
    return (None, *shape[1:])


def _is(value: Any, module: Any) -> bool:
    return module is not None and isinstance(value, module.Model)
