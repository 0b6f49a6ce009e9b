"""What a fitted model computes, and the column that it goes to."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from collections.abc import Sequence
from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class PredictionParams(Group):
    """What a fitted model computes, and the column that it goes to."""

    predictionCol = param(
        "predictionCol",
        "Name of the column that transform adds: a double where tfOutput is one value a row, otherwise an "
        "ML vector.",
        TypeConverters.toString,
    )
    tfOutput = param(
        "tfOutput",
        "Tensor name of the output that transform computes, such as 'out:0'; training does not use it.",
        TypeConverters.toString,
    )
    tfDropout = param(
        "tfDropout",
        "Tensor name of the dropout placeholder, to which transform feeds 1.0 or 0.0 as toKeepDropout says. "
        "Not set: transform feeds no dropout.",
        TypeConverters.toString,
    )
    toKeepDropout = param(
        "toKeepDropout",
        "What the value fed to tfDropout means: true if it is the share of units to keep (transform feeds "
        "1.0), "
        "false if it is the share to drop (transform feeds 0.0).",
        TypeConverters.toBoolean,
    )

    inferenceBatchSize = param(
        "inferenceBatchSize",
        "Rows that transform puts through the graph at once, 1 or more: more take more memory for what the "
        "graph "
        "computes. A graph whose placeholder fixes the number decides itself.",
        int32,
    )

    outputCols = param(
        "outputCols",
        "Names of several columns that transform adds, instead of predictionCol, each of the same types; "
        "they take the tensors that tfOutputs names in the same order.",
        TypeConverters.toListString,
    )
    tfOutputs = param(
        "tfOutputs",
        "Tensor names of the outputs that go to outputCols, in the same order, all computed at once, such as "
        "'out/price:0' and 'out/class:0'; instead of tfOutput.",
        TypeConverters.toListString,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(
            predictionCol="predicted",
            tfOutput="out/Sigmoid:0",
            toKeepDropout=False,
            inferenceBatchSize=1024,
        )

    def getPredictionCol(self) -> str:
        return self._value(self.predictionCol)

    def setPredictionCol(self: Self, value: str | None) -> Self:
        return self._set(predictionCol=value)

    def getTfOutput(self) -> str:
        return self._value(self.tfOutput)

    def setTfOutput(self: Self, value: str | None) -> Self:
        return self._set(tfOutput=value)

    def getOutputCols(self) -> list[str] | None:
        return self._value(self.outputCols)

    def setOutputCols(self: Self, value: Sequence[str] | None) -> Self:
        return self._set(outputCols=value)

    def getTfOutputs(self) -> list[str] | None:
        return self._value(self.tfOutputs)

    def setTfOutputs(self: Self, value: Sequence[str] | None) -> Self:
        return self._set(tfOutputs=value)

    def getTfDropout(self) -> str | None:
        return self._value(self.tfDropout)

    def setTfDropout(self: Self, value: str | None) -> Self:
        return self._set(tfDropout=value)

    def getToKeepDropout(self) -> bool:
        return self._value(self.toKeepDropout)

    def setToKeepDropout(self: Self, value: bool | None) -> Self:
        return self._set(toKeepDropout=value)

    def getInferenceBatchSize(self) -> int:
        return self._value(self.inferenceBatchSize)

    def setInferenceBatchSize(self: Self, value: int | None) -> Self:
        return self._set(inferenceBatchSize=value)
