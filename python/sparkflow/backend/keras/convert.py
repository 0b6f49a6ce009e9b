"""From a Keras model to the graph and the values that a fit takes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sparkflow.backend.classes import add_class
from sparkflow.backend.evaluation import COLLECTION as EVALUATION
from sparkflow.backend.evaluation import describe
from sparkflow.backend.keras import logits
from sparkflow.backend.keras.checks import (
    Input,
    Output,
    check_model,
    check_trainable,
    inputs_of,
)
from sparkflow.backend.keras.evaluation import Evaluation
from sparkflow.backend.keras.held import Held
from sparkflow.backend.keras.loss import Label, loss_of
from sparkflow.backend.keras.metrics import Metrics
from sparkflow.backend.keras.model import Prediction, Training, Variables, kept_value
from sparkflow.backend.keras.vocabulary import vocabularies
from sparkflow.backend.names import operation_name
from sparkflow.backend.pretrained.opened import Opened, port_of
from sparkflow.backend.runtime import tf
from sparkflow.backend.stored import check_size
from sparkflow.backend.values import Values, exported

# The collection that holds, as JSON, what `restore` needs: the architecture, and where its weights are.
COLLECTION = "sparkflow_keras"


@dataclass(frozen=True)
class Converted:
    """A Keras model as SparkFlow takes it.

    Attributes
    ----------
    values : Values
        The graph, whose collections LOSSES and UPDATE_OPS are what `fit` of Keras computes, and the model's
        own values to start from.
    inputs, labels : dict of str
        Tensors to feed, by the names of the model's inputs, and of the outputs that the loss compares with a
        label.
    outputs : dict of str
        Tensors, by the names of the model's outputs.
    from_logits : bool
        Whether the loss takes the first output for logits.
    metrics, left_out : tuple of str
        Names of the metrics that the graph computes, and of those that it cannot.
    """

    values: Values
    inputs: Mapping[str, str]
    labels: Mapping[str, str]
    outputs: Mapping[str, str]
    from_logits: bool = False
    metrics: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def tf_input(self) -> str:
        """The first input."""
        return next(iter(self.inputs.values()))

    @property
    def tf_output(self) -> str:
        """The first output."""
        return next(iter(self.outputs.values()))

    @property
    def tf_label(self) -> str | None:
        """The first label, if there is one."""
        return next(iter(self.labels.values()), None)

    @property
    def graph(self) -> str:
        """MetaGraphDef as JSON."""
        return self.values.graph


def convert(
    model: Any, loss: Any = None, metrics: Any = None, *, embed: bool = False, weighted: bool = False
) -> Converted:
    """Make the graph of a Keras model, which is left as it is.

    Parameters
    ----------
    model : keras.Model
        Built. Its present values are what training starts from.
    loss : str, callable or keras.losses.Loss, optional
        Instead of the one that the model was compiled with.
    metrics : optional
        As `compile` takes them, and instead of those that the model was compiled with.
    embed : bool
        Put the values into the graph, as its initializers: then it can stand alone, in a file.
    weighted : bool
        Whether the loss takes a weight for each row, in the placeholder `sample_weight`.

    Raises
    ------
    TypeError, ValueError
        The model or the loss cannot be trained here; the message says what to change.
    """
    check_trainable(model)
    sources = inputs_of(model)
    variables = Variables(model)
    outputs = Prediction(model, variables, sources).outputs
    function, labels = loss_of(model, loss, outputs)
    weight = Label((None,), "float32") if weighted else None
    training = Training(model, variables, sources, function, labels, weight)
    chosen = Metrics(model, metrics, labels, outputs)
    evaluation = Evaluation(model, variables, sources, function, labels, chosen, weight)
    learnt = _Learnt.of(model, variables)
    if embed:
        check_size(
            sum(value.nbytes for value in (*learnt.weights, *learnt.state)),
            "make the estimator with SparkAsyncDL(model=…), save it, and load that",
        )
    with tf.Graph().as_default():
        x = _placeholders("x", sources, [source.name for source in sources])
        compared = [outputs[label.output].name for label in labels]
        y = _placeholders("y", labels, compared)
        held = Held(variables, [*learnt.weights, *learnt.state] if embed else None)
        w = None if weight is None else tf.placeholder(weight.dtype, weight.shape, name="sample_weight")
        batch = [*x, *y, *([] if w is None else [w])]
        _train(training, held, batch)
        found = _evaluate(evaluation, chosen.names, held, batch, outputs)
        values = _finished(model, held, variables, learnt)
    return Converted(
        values,
        {source.name: tensor.name for source, tensor in zip(sources, x, strict=True)},
        {name: tensor.name for name, tensor in zip(compared, y, strict=True)},
        {output.name: tensor.name for output, tensor in zip(outputs, found, strict=True)},
        any(label.from_logits for label in labels if label.output == 0),
        tuple(chosen.names),
        tuple(chosen.left_out),
    )


def _placeholders(role: str, specs: Sequence[Input | Label], names: Sequence[str]) -> list[Any]:
    """Add one for each, called as its role or, of several, as its own name below it."""
    called = [_name(role, name, len(specs)) for name in names]
    pairs = zip(specs, called, strict=True)
    return [tf.placeholder(spec.dtype, spec.shape, name=name) for spec, name in pairs]


def _name(role: str, name: str, count: int) -> str:
    return role if count == 1 else f"{role}/{operation_name(name)}"


def predictor(model: Any) -> Opened:
    """Make the graph of a Keras model that is not to be trained further, which is left as it is.

    Parameters
    ----------
    model : keras.Model
        Built.

    Raises
    ------
    TypeError, ValueError
        It cannot be had here; the message says what to change.
    """
    check_model(model)
    sources = inputs_of(model)
    variables = Variables(model)
    prediction = Prediction(model, variables, sources)
    learnt = _Learnt.of(model, variables)
    with tf.Graph().as_default():
        x = _placeholders("x", sources, [source.name for source in sources])
        held = Held(variables, None)
        outcome = prediction.trace.add([*held.values, *x], "predict")
        found = _named(outcome, prediction.outputs)
        values = _finished(model, held, variables, learnt)
    inputs = [port_of(tensor)._replace(name=source.name) for tensor, source in zip(x, sources, strict=True)]
    fed = tuple(inputs if len(inputs) > 1 else map(port_of, x))
    return Opened(values, fed, tuple(map(port_of, found)), logits.of_model(model))


class _Learnt(NamedTuple):
    """What is taken of a model outside of any graph, as only there its variables have values."""

    weights: list[np.ndarray]
    state: list[np.ndarray]
    architecture: dict[str, str]
    vocabularies: list[list[Any]]

    @classmethod
    def of(cls, model: Any, variables: Variables) -> _Learnt:
        weights = [variable.value.numpy() for variable in variables.weights]
        state = [kept_value(variable) for variable in variables.state]
        return cls(weights, state, _architecture(model), vocabularies(model))


def _finished(model: Any, held: Held, variables: Variables, learnt: _Learnt) -> Values:
    """The default graph, with what `restore` needs in it, and the values of its variables."""
    names = {id(v): made.op.name for v, made in zip(variables.fed, held.variables, strict=True)}
    weights = [names[id(v)] for v in model.weights]
    description = {**learnt.architecture, "weights": weights, "vocabularies": learnt.vocabularies}
    tf.add_to_collection(COLLECTION, json.dumps(description))
    return exported(learnt.weights, learnt.state)


def _train(training: Training, held: Held, batch: list[Any]) -> None:
    """Add the loss and the updates, and put them into their collections."""
    outcome = training.trace.add([*held.values, *batch], "train")
    loss, after = outcome[0], outcome[1 : 1 + len(training.updated)]
    if training.has_gradients:
        loss = _with_gradient(loss, held.values, outcome[1 + len(training.updated) :])
    tf.losses.add_loss(tf.identity(loss, name="loss"))
    for index, value in zip(training.updated, after, strict=True):
        made = held.variables[index]
        update = made.assign(tf.cast(value, made.dtype.base_dtype), read_value=False)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)


def _with_gradient(loss: Any, weights: list[Any], gradients: list[Any]) -> Any:
    """The loss with these gradients instead of those of the ops that made it.

    An op whose gradient was written in Python (`tf.custom_gradient`; `silu` is one) is known to this process
    alone. So the gradient is part of the graph, and the loss a linear function whose value is the loss and
    whose slope is the gradient.
    """
    parts = [tf.stop_gradient(loss)]
    for weight, gradient in zip(weights, gradients, strict=False):
        step = tf.cast(weight - tf.stop_gradient(weight), tf.float32)
        parts.append(tf.reduce_sum(tf.stop_gradient(tf.cast(gradient, tf.float32)) * step))
    return tf.add_n(parts)


def _evaluate(
    evaluation: Evaluation,
    metrics: Sequence[str],
    held: Held,
    batch: Sequence[Any],
    outputs: Sequence[Output],
) -> list[Any]:
    """Add what the model gives in inference: the outputs and, in their collection, the loss and the metrics.

    The outputs need no label.
    """
    found = evaluation.trace.add([*held.values, *batch], "predict")
    outcome, (loss, *parts) = found[: len(outputs)], found[len(outputs) :]
    named = {name: (parts[2 * i].name, parts[2 * i + 1].name) for i, name in enumerate(metrics)}
    tf.add_to_collection(EVALUATION, describe(loss.name, named))
    return _named(outcome, outputs)


def _named(tensors: Sequence[Any], outputs: Sequence[Output]) -> list[Any]:
    """Name the outputs, and add the number of the class where one says how much each class is."""
    named = []
    for tensor, output in zip(tensors, outputs, strict=True):
        named.append(tf.identity(tensor, name=_name("out", output.name, len(outputs))))
        add_class(named[-1], _name("class", output.name, len(outputs)))
    return named


def _architecture(model: Any) -> dict[str, str]:
    """The model's config, without what `compile` added, or why it cannot tell it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a lambda among what is left out
            config = json.loads(model.to_json())
    except (NotImplementedError, TypeError, ValueError, AttributeError) as error:
        return {"problem": str(error)}
    config.pop("compile_config", None)
    return {"config": json.dumps(config)}
