"""What becomes of gradients before they are pushed."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class GradientParams(Group):
    """What becomes of gradients before they are pushed."""

    clipNorm = param(
        "clipNorm",
        "Most that the norm of a mini-batch's whole gradient may be, all variables together: a larger one"
        " is scaled down, as by tf.clip_by_global_norm, in the worker, before it is pushed. 0 does not "
        "clip. At most one of clipNorm, clipVariableNorm and clipValue.",
        TypeConverters.toFloat,
    )
    clipVariableNorm = param(
        "clipVariableNorm",
        "Most that the norm of a mini-batch's gradient for each single variable may be, as by "
        "tf.clip_by_norm. 0 does not clip.",
        TypeConverters.toFloat,
    )
    clipValue = param(
        "clipValue",
        "Most that each element of a mini-batch's gradient may be above or below 0: what is beyond "
        "becomes that, as by tf.clip_by_value. 0 does not clip.",
        TypeConverters.toFloat,
    )
    gradientAccumulationSteps = param(
        "gradientAccumulationSteps",
        "Mini-batches on the same weights whose gradients a worker averages before it pushes, 1 or more: "
        "as one mini-batch of so many times the rows, in the memory of one. Clipped is the mean; the "
        "iteration's end pushes what is left over. Variables travel whole then, see sparseTables. Not "
        "with localSteps above 1.",
        int32,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(clipNorm=0.0, clipVariableNorm=0.0, clipValue=0.0, gradientAccumulationSteps=1)

    def getClipNorm(self) -> float:
        return self._value(self.clipNorm)

    def setClipNorm(self: Self, value: float | None) -> Self:
        return self._set(clipNorm=value)

    def getClipVariableNorm(self) -> float:
        return self._value(self.clipVariableNorm)

    def setClipVariableNorm(self: Self, value: float | None) -> Self:
        return self._set(clipVariableNorm=value)

    def getClipValue(self) -> float:
        return self._value(self.clipValue)

    def setClipValue(self: Self, value: float | None) -> Self:
        return self._set(clipValue=value)

    def getGradientAccumulationSteps(self) -> int:
        return self._value(self.gradientAccumulationSteps)

    def setGradientAccumulationSteps(self: Self, value: int | None) -> Self:
        return self._set(gradientAccumulationSteps=value)
