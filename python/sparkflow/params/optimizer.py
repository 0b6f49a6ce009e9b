"""The rule by which the parameter server turns gradients into new weights."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from collections.abc import Mapping
from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, json_object, param


class OptimizerParams(Group):
    """The rule by which the parameter server turns gradients into new weights."""

    tfOptimizer = param(
        "tfOptimizer",
        "Name of the optimizer: adam, rmsprop, momentum, adadelta, adagrad, gradient_descent, adagrad_da, "
        "ftrl, "
        "proximal_adagrad or proximal_gradient_descent of TensorFlow; adamw, keras_rmsprop, keras_momentum, "
        "nadam, lion or lamb of Keras.",
        TypeConverters.toString,
    )
    tfLearningRate = param(
        "tfLearningRate",
        "Learning rate of the optimizer, more than 0; a learning_rate in optimizerOptions wins over it.",
        TypeConverters.toFloat,
    )
    optimizerOptions = param(
        "optimizerOptions",
        "Options of the optimizer as a JSON object with TensorFlow's option names, such as "
        '{"learning_rate": 0.001, "beta1": 0.9}; the build_*_config functions of sparkflow.graph_utils '
        "make it. "
        "Not set: TensorFlow's defaults. A beta2 of 0.999, the default of adam, adamw, nadam and lamb, is "
        "1 - 0.005 partitions with more than one of them, 0.95 at least, in all modes but sync.",
        json_object,
    )

    learningRateSchedule = param(
        "learningRateSchedule",
        "How the learning rate changes from update to update, from tfLearningRate on, as a JSON object such "
        'as {"schedule": "cosine_decay", "decay_steps": 10000, "warmup_steps": 500}: constant, '
        "exponential_decay, piecewise_constant_decay (its values take the place of tfLearningRate), "
        "polynomial_decay, inverse_time_decay, cosine_decay or cosine_decay_restarts, with the options of "
        "Keras' schedule of that name; and for each, warmup_steps, in which the rate rises from warmup_start "
        "(0) to where the schedule begins. Not set: it stays.",
        json_object,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(tfOptimizer="adam", tfLearningRate=0.01)

    def getTfOptimizer(self) -> str:
        return self._value(self.tfOptimizer)

    def setTfOptimizer(self: Self, value: str | None) -> Self:
        return self._set(tfOptimizer=value)

    def getTfLearningRate(self) -> float:
        return self._value(self.tfLearningRate)

    def setTfLearningRate(self: Self, value: float | None) -> Self:
        return self._set(tfLearningRate=value)

    def getOptimizerOptions(self) -> str | None:
        return self._value(self.optimizerOptions)

    def setOptimizerOptions(self: Self, value: str | Mapping[str, Any] | None) -> Self:
        return self._set(optimizerOptions=value)

    def getLearningRateSchedule(self) -> str | None:
        return self._value(self.learningRateSchedule)

    def setLearningRateSchedule(self: Self, value: str | Mapping[str, Any] | None) -> Self:
        return self._set(learningRateSchedule=value)
