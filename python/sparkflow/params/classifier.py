"""What a classifier's output becomes: the columns that Spark's own classifiers give, for its evaluators."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from collections.abc import Sequence
from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


class ClassifierParams(Group):
    """What a classifier's output becomes: the columns that Spark's own classifiers give."""

    rawPredictionCol = param(
        "rawPredictionCol",
        "Name of the column, if it is to be added, of how much speaks for each class: an ML vector of "
        "tfOutput's values. Setting this, probabilityCol or thresholds makes the model a classifier, whose "
        "predictionCol is the number of the class.",
        TypeConverters.toString,
    )
    probabilityCol = param(
        "probabilityCol",
        "Name of the column, if it is to be added, of the probability of each class: an ML vector.",
        TypeConverters.toString,
    )
    thresholds = param(
        "thresholds",
        "A number for each class, 0 or more and at most one of them 0: predicted is the class whose "
        "probability divided by its number is the largest. Not set: the likeliest class.",
        TypeConverters.toListFloat,
    )
    fromLogits = param(
        "fromLogits",
        "Whether a classifier's tfOutput gives logits, of which softmax (of one value a row: sigmoid) makes "
        "probabilities. If false, it gives probabilities; one value a row is that of class 1 of two.",
        TypeConverters.toBoolean,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(fromLogits=False)

    def getRawPredictionCol(self) -> str | None:
        return self._value(self.rawPredictionCol)

    def setRawPredictionCol(self: Self, value: str | None) -> Self:
        return self._set(rawPredictionCol=value)

    def getProbabilityCol(self) -> str | None:
        return self._value(self.probabilityCol)

    def setProbabilityCol(self: Self, value: str | None) -> Self:
        return self._set(probabilityCol=value)

    def getThresholds(self) -> list[float] | None:
        return self._value(self.thresholds)

    def setThresholds(self: Self, value: Sequence[float] | None) -> Self:
        return self._set(thresholds=value)

    def getFromLogits(self) -> bool:
        return self._value(self.fromLogits)

    def setFromLogits(self: Self, value: bool | None) -> Self:
        return self._set(fromLogits=value)
