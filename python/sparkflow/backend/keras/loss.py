"""Which loss a Keras model is trained with, and what label it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras


class Label(NamedTuple):
    """What one row's label is: a shape whose first dimension counts the rows, and the dtype's name."""

    shape: tuple[int | None, ...]
    dtype: str


# (label or None, inputs, prediction, sample weights or None) → the loss of a mini-batch, one number.
# Called in the model's own scope.
Loss = Callable[[Any, Any, Any, Any], Any]


def loss_of(model: Any, given: Any, output: Sequence[int | None]) -> tuple[Loss, Label | None]:
    """Return the whole loss of a mini-batch, and its label; no label for a loss that needs none.

    As in Keras, it has the model's regularizers and `add_loss` in it.

    Parameters
    ----------
    model : keras.Model
    given : str, callable, keras.losses.Loss or None
        As `compile` takes it, and instead of what the model was compiled with.
    output : sequence of int or None
        Shape of what the model predicts.

    Raises
    ------
    ValueError
        There is no loss, or there are several, or Keras knows none of that name.
    """
    if given is None and model.compiled:
        chosen = _single(getattr(model, "loss", None))

        def compiled(y: Any, x: Any, prediction: Any, weight: Any) -> Any:
            if chosen is None and not model.losses and not _computes_its_own(model):
                raise _missing(model)
            return model.compute_loss(x=x, y=y, y_pred=prediction, sample_weight=weight)

        return compiled, _label(chosen, output)
    if _computes_its_own(model):
        raise ValueError(
            f"model '{model.name}' has a compute_loss of its own, which takes its loss from compile: call "
            "model.compile(loss=…, optimizer=…), and leave loss out"
        )
    chosen = _single(given)
    function = None if chosen is None else _averaged(_resolved(chosen, output))

    def own(y: Any, x: Any, prediction: Any, weight: Any) -> Any:
        parts = [] if function is None else [function(y, prediction, sample_weight=weight)]
        parts += [keras.ops.sum(keras.ops.cast(part, keras.config.floatx())) for part in model.losses]
        if not parts:
            raise _missing(model)
        return parts[0] if len(parts) == 1 else keras.ops.sum(keras.ops.stack(parts))

    return own, _label(chosen, output)


def _computes_its_own(model: Any) -> bool:
    return type(model).compute_loss is not keras.Model.compute_loss


def _missing(model: Any) -> ValueError:
    return ValueError(
        f"model '{model.name}' has no loss: give one, such as loss='mse', or call model.compile(loss='mse')"
    )


def _single(loss: Any) -> Any:
    """The loss of the only output: `compile` takes it in a list or a dict, too."""
    if isinstance(loss, (list, tuple, dict)):
        losses = list(loss.values() if isinstance(loss, dict) else loss)
        if len(losses) != 1:
            raise ValueError(
                f"there are {len(losses)} losses, but only one output can be trained yet: give one"
            )
        return losses[0]
    return loss


def _resolved(loss: Any, output: Sequence[int | None]) -> Any:
    """Keras' own object of a name; `crossentropy`, which Keras decides by the label, where it is clear."""
    if isinstance(loss, str) and loss.lower() in ("crossentropy", "ce"):
        if output[-1] != 1:
            raise ValueError(
                f"loss '{loss}' does not tell what the label is: say 'sparse_categorical_crossentropy' for "
                "the number of the class, or 'categorical_crossentropy' for a one-hot vector"
            )
        loss = "binary_crossentropy"
    return keras.losses.get(loss)


def _averaged(loss: Any) -> Any:
    """A loss as a function of label and prediction that gives one number, as `compile` makes it."""
    if isinstance(loss, keras.losses.Loss):
        return loss

    class Averaged(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return loss(y_true, y_pred)

    return Averaged()


def _label(loss: Any, output: Sequence[int | None]) -> Label | None:
    if loss is None:
        return None
    loss = _resolved(loss, output)
    sparse = keras.losses.sparse_categorical_crossentropy
    if loss is sparse or isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return Label(tuple(output[:-1]), "int32")
    return Label(tuple(output), "float32")
