"""Where the labels come from and which placeholder they feed. Both set: supervised; neither:"""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from collections.abc import Sequence

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


class LabelParams(Group):
    """Where the labels come from and which placeholder they feed. Both set: supervised; neither:
    unsupervised."""

    labelCol = param(
        "labelCol",
        "Name of the label column, of the same types as inputCol; it feeds the placeholder named by tfLabel. "
        "Not set: training is unsupervised.",
        TypeConverters.toString,
    )
    tfLabel = param(
        "tfLabel",
        "Tensor name of the placeholder that takes the label, such as 'y:0'. Not set: training is "
        "unsupervised, "
        "as for an autoencoder.",
        TypeConverters.toString,
    )

    labelCols = param(
        "labelCols",
        "Names of several label columns, instead of labelCol, each of the same types; they feed the "
        "placeholders that tfLabels names in the same order.",
        TypeConverters.toListString,
    )
    tfLabels = param(
        "tfLabels",
        "Tensor names of the placeholders that take labelCols, in the same order, such as 'rating:0' and "
        "'clicked:0'; instead of tfLabel.",
        TypeConverters.toListString,
    )

    def getLabelCol(self) -> str | None:
        return self._value(self.labelCol)

    def setLabelCol(self: Self, value: str | None) -> Self:
        return self._set(labelCol=value)

    def getTfLabel(self) -> str | None:
        return self._value(self.tfLabel)

    def setTfLabel(self: Self, value: str | None) -> Self:
        return self._set(tfLabel=value)

    def getLabelCols(self) -> list[str] | None:
        return self._value(self.labelCols)

    def setLabelCols(self: Self, value: Sequence[str] | None) -> Self:
        return self._set(labelCols=value)

    def getTfLabels(self) -> list[str] | None:
        return self._value(self.tfLabels)

    def setTfLabels(self: Self, value: Sequence[str] | None) -> Self:
        return self._set(tfLabels=value)
