"""Which loss a Keras model is trained with, and what label it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from sparkflow.backend.keras.checks import Output
from sparkflow.backend.keras.logits import of_loss


class Label(NamedTuple):
    """What one row's label is: a shape whose first dimension counts the rows, and the dtype's name.

    `output` is the number of the output that it is compared with, and `from_logits` whether the loss takes
    that for logits.
    """

    shape: tuple[int | None, ...]
    dtype: str
    output: int = 0
    from_logits: bool = False


# (labels, inputs, predictions, sample weights or None) → the loss of a mini-batch, one number.
# Called in the model's own scope.
Loss = Callable[[Any, Any, Any, Any], Any]


def loss_of(model: Any, given: Any, outputs: Sequence[Output]) -> tuple[Loss, list[Label]]:
    """Return the whole loss of a mini-batch, and its labels; none for an output whose loss needs none.

    As in Keras, it has the model's regularizers and `add_loss` in it.

    Parameters
    ----------
    model : keras.Model
    given : str, callable, keras.losses.Loss or None
        As `compile` takes it, and instead of what the model was compiled with. For several outputs: one for
        all, a list, or a dict by their names.
    outputs : sequence of Output
        What the model predicts.

    Raises
    ------
    ValueError
        There is no loss, or not one for each output, or Keras knows none of that name.
    """
    of_model = given is None and model.compiled
    chosen = _each(getattr(model, "loss", None) if of_model else given, outputs)
    labels = _labels(chosen, outputs)
    # With several, Keras' own loss counts what each comes to in variables, which are nobody's here.
    if of_model and (len(outputs) == 1 or _computes_its_own(model)):

        def compiled(y: Any, x: Any, prediction: Any, weight: Any) -> Any:
            if not labels and not model.losses and not _computes_its_own(model):
                raise _missing(model)
            given = filled(labels, y, prediction) if labels else None
            return model.compute_loss(x=x, y=given, y_pred=prediction, sample_weight=weight)

        return compiled, labels
    if _computes_its_own(model):
        raise ValueError(
            f"model '{model.name}' has a compute_loss of its own, which takes its loss from compile: call "
            "model.compile(loss=…, optimizer=…), and leave loss out"
        )
    taken = [label.output for label in labels]
    functions = {number: _averaged(_resolved(chosen[number], outputs[number].shape)) for number in taken}
    scales = _scales(model, outputs) if of_model else [None] * len(outputs)

    def own(y: Any, x: Any, prediction: Any, weight: Any) -> Any:
        parts = []
        predictions = keras.tree.flatten(prediction)
        for label, truth in zip(labels, y, strict=True):
            function, scale = functions[label.output], scales[label.output]
            part = function(truth, predictions[label.output], sample_weight=weight)
            parts.append(part if scale is None else keras.ops.multiply(part, scale))
        parts += [keras.ops.sum(keras.ops.cast(part, keras.config.floatx())) for part in model.losses]
        if not parts:
            raise _missing(model)
        return parts[0] if len(parts) == 1 else keras.ops.sum(keras.ops.stack(parts))

    return own, labels


def filled(labels: Sequence[Label], y: Sequence[Any], prediction: Any) -> Any:
    """What the predictions are compared with, packed as they are; one without a label with itself."""
    flat = list(keras.tree.flatten(prediction))
    for label, tensor in zip(labels, y, strict=True):
        flat[label.output] = tensor
    return keras.tree.pack_sequence_as(prediction, flat)


def _computes_its_own(model: Any) -> bool:
    return type(model).compute_loss is not keras.Model.compute_loss


def _missing(model: Any) -> ValueError:
    return ValueError(
        f"model '{model.name}' has no loss: give one, such as loss='mse', or call model.compile(loss='mse')"
    )


def _each(loss: Any, outputs: Sequence[Output]) -> list[Any]:
    """The loss of each output, None for one that has none."""
    names = [output.name for output in outputs]
    if isinstance(loss, dict) and len(names) > 1:
        unknown = [name for name in loss if name not in names]
        if unknown:
            raise ValueError(
                f"there is a loss for '{unknown[0]}', but the outputs are {', '.join(names)}: name these"
            )
        return [loss.get(name) for name in names]
    if isinstance(loss, (list, tuple, dict)):
        losses = list(loss.values() if isinstance(loss, dict) else loss)
        if len(losses) != len(names):
            raise ValueError(
                f"there are {len(losses)} losses for the output(s) {', '.join(names)}: give one for each"
            )
        return losses
    return [loss] * len(names)


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


def _scales(model: Any, outputs: Sequence[Output]) -> list[float | None]:
    """The `loss_weights` that a model was compiled with."""
    given = getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)
    return _each(given, outputs)


def _labels(losses: Sequence[Any], outputs: Sequence[Output]) -> list[Label]:
    pairs = enumerate(zip(losses, outputs, strict=True))
    return [_label(loss, output.shape, number) for number, (loss, output) in pairs if loss is not None]


def _label(loss: Any, output: Sequence[int | None], number: int) -> Label:
    loss = _resolved(loss, output)
    logits = of_loss(loss)
    sparse = keras.losses.sparse_categorical_crossentropy
    if loss is sparse or isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return Label(tuple(output[:-1]), "int32", number, logits)
    return Label(tuple(output), "float32", number, logits)
