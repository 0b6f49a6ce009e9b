"""Which rows are held out of training, to tell what the model is worth on rows that it has not seen."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from collections.abc import Mapping
from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, json_object, param


class ValidationParams(Group):
    """Which rows are held out of training, to tell what the model is worth on rows that it has not seen."""

    validationIndicatorCol = param(
        "validationIndicatorCol",
        "Boolean column that says which rows are held out for validation: true for those, false for "
        "training. Not set: validationFraction says how many are.",
        TypeConverters.toString,
    )
    validationFraction = param(
        "validationFraction",
        "Share of the rows that are held out for validation, from 0 to less than 1: each row is, with this "
        "probability. The seed decides which, as long as the DataFrame has the same rows in the same "
        "partitions and order. 0 holds out none.",
        TypeConverters.toFloat,
    )

    tfMetrics = param(
        "tfMetrics",
        "Metrics that a graph computes of the rows that are held out, as a JSON object of names and "
        'tensors, such as {"accuracy": "hit:0"}: a tensor has one value for each row, or is the mean of'
        " a mini-batch. A Keras model brings its own. Not set: none.",
        json_object,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(validationFraction=0.0)

    def getValidationIndicatorCol(self) -> str | None:
        return self._value(self.validationIndicatorCol)

    def setValidationIndicatorCol(self: Self, value: str | None) -> Self:
        return self._set(validationIndicatorCol=value)

    def getValidationFraction(self) -> float:
        return self._value(self.validationFraction)

    def setValidationFraction(self: Self, value: float | None) -> Self:
        return self._set(validationFraction=value)

    def getTfMetrics(self) -> str | None:
        return self._value(self.tfMetrics)

    def setTfMetrics(self: Self, value: str | Mapping[str, str] | None) -> Self:
        return self._set(tfMetrics=value)
