"""When a fit ends before its iterations are done, and whether it gives the last weights or the best."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


class EarlyStoppingParams(Group):
    """When a fit ends before its iterations are done, and whether it gives the last weights or the best."""

    earlyStoppingPatience = param(
        "earlyStoppingPatience",
        "Iterations without improvement after which the fit ends: of the validation loss if rows are held "
        "out, otherwise of the training loss. 0 never ends it early. All workers must run at once.",
        TypeConverters.toInt,
    )
    earlyStoppingMinDelta = param(
        "earlyStoppingMinDelta",
        "By how much a loss must be below the best one before to be an improvement, 0 or more.",
        TypeConverters.toFloat,
    )
    restoreBest = param(
        "restoreBest",
        "Whether the model gets the weights of the last improvement, also where the fit does not end early, "
        "instead of the last ones. The driver holds a copy of the model for it. All workers must run at "
        "once.",
        TypeConverters.toBoolean,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(earlyStoppingPatience=0, earlyStoppingMinDelta=0.0, restoreBest=False)

    def getEarlyStoppingPatience(self) -> int:
        return self._value(self.earlyStoppingPatience)

    def setEarlyStoppingPatience(self: Self, value: int | None) -> Self:
        return self._set(earlyStoppingPatience=value)

    def getEarlyStoppingMinDelta(self) -> float:
        return self._value(self.earlyStoppingMinDelta)

    def setEarlyStoppingMinDelta(self: Self, value: float | None) -> Self:
        return self._set(earlyStoppingMinDelta=value)

    def getRestoreBest(self) -> bool:
        return self._value(self.restoreBest)

    def setRestoreBest(self: Self, value: bool | None) -> Self:
        return self._set(restoreBest=value)
