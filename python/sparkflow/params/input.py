"""Where the features come from and which placeholder they feed; the same in training and prediction."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from collections.abc import Sequence
from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


class InputParams(Group):
    """Where the features come from and which placeholder they feed; the same in training and prediction."""

    inputCol = param(
        "inputCol",
        "Name of the features column: an ML vector (dense or sparse), an array of numbers (or of arrays), a "
        "number or boolean, an image, or where tfInput takes strings, strings or binary values. It feeds the "
        "placeholder named by tfInput.",
        TypeConverters.toString,
    )
    tfInput = param(
        "tfInput",
        "Tensor name of the placeholder that takes the features, such as 'x:0'; of a sparse placeholder its "
        "name, such as 'x'.",
        TypeConverters.toString,
    )

    inputCols = param(
        "inputCols",
        "Names of several features columns, instead of inputCol, each of the same types; they feed the "
        "placeholders that tfInputs names in the same order.",
        TypeConverters.toListString,
    )
    tfInputs = param(
        "tfInputs",
        "Tensor names of the placeholders that take inputCols, in the same order, such as 'user:0' and "
        "'item:0'; instead of tfInput.",
        TypeConverters.toListString,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(inputCol="transformed", tfInput="x:0")

    def getInputCol(self) -> str:
        return self._value(self.inputCol)

    def setInputCol(self: Self, value: str | None) -> Self:
        return self._set(inputCol=value)

    def getTfInput(self) -> str:
        return self._value(self.tfInput)

    def setTfInput(self: Self, value: str | None) -> Self:
        return self._set(tfInput=value)

    def getInputCols(self) -> list[str] | None:
        return self._value(self.inputCols)

    def setInputCols(self: Self, value: Sequence[str] | None) -> Self:
        return self._set(inputCols=value)

    def getTfInputs(self) -> list[str] | None:
        return self._value(self.tfInputs)

    def setTfInputs(self: Self, value: Sequence[str] | None) -> Self:
        return self._set(tfInputs=value)
