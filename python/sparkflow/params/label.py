"""Where the labels come from and which placeholder they feed. Both set: supervised; neither:"""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

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

    def getLabelCol(self) -> str | None:
        return self._value(self.labelCol)

    def setLabelCol(self: Self, value: str | None) -> Self:
        return self._set(labelCol=value)

    def getTfLabel(self) -> str | None:
        return self._value(self.tfLabel)

    def setTfLabel(self: Self, value: str | None) -> Self:
        return self._set(tfLabel=value)
