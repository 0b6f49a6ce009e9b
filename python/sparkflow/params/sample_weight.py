"""How much each row counts in the loss."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

import json
from collections.abc import Mapping
from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


def _by_class(value: Any) -> str:
    if not isinstance(value, Mapping):
        return TypeConverters.toString(value)
    try:
        if fractions := [number for number in value if int(number) != float(number)]:
            raise ValueError(f"{fractions[0]} is no whole number")
        return json.dumps({str(int(number)): float(weight) for number, weight in value.items()})
    except (TypeError, ValueError) as e:
        raise TypeError(f"classWeights is {value!r}, expected numbers of classes → weights: {e}") from e


class SampleWeightParams(Group):
    """How much each row counts in the loss."""

    sampleWeightCol = param(
        "sampleWeightCol",
        "Column of a number of 0 or more by which the loss multiplies that of the row; it feeds the "
        "placeholder named by tfSampleWeight. Not set: all rows count alike.",
        TypeConverters.toString,
    )
    tfSampleWeight = param(
        "tfSampleWeight",
        "Tensor name of the placeholder that takes the rows' weights, such as 'sample_weight:0', which the "
        "graph's loss must heed. Not set: all rows count alike.",
        TypeConverters.toString,
    )

    classWeights = param(
        "classWeights",
        'Weights of classes, as a JSON object such as {"0": 1, "1": 5}: the loss multiplies that of '
        "each row that is trained on by the weight of the class that its label says, a number from 0 or"
        " a one-hot vector. A class that is not named has the weight 1. With sampleWeightCol, both "
        "count. Needs tfSampleWeight. Not set: all classes count alike.",
        _by_class,
    )

    def getSampleWeightCol(self) -> str | None:
        return self._value(self.sampleWeightCol)

    def setSampleWeightCol(self: Self, value: str | None) -> Self:
        return self._set(sampleWeightCol=value)

    def getTfSampleWeight(self) -> str | None:
        return self._value(self.tfSampleWeight)

    def setTfSampleWeight(self: Self, value: str | None) -> Self:
        return self._set(tfSampleWeight=value)

    def getClassWeights(self) -> str | None:
        return self._value(self.classWeights)

    def setClassWeights(self: Self, value: str | Mapping[int, float] | None) -> Self:
        return self._set(classWeights=value)
