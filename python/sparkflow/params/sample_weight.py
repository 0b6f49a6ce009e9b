"""How much each row counts in the loss."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


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

    def getSampleWeightCol(self) -> str | None:
        return self._value(self.sampleWeightCol)

    def setSampleWeightCol(self: Self, value: str | None) -> Self:
        return self._set(sampleWeightCol=value)

    def getTfSampleWeight(self) -> str | None:
        return self._value(self.tfSampleWeight)

    def setTfSampleWeight(self: Self, value: str | None) -> Self:
        return self._set(tfSampleWeight=value)
