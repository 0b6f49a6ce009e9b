"""When a fit ends before its iterations are done, and whether it gives the last weights or the best."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class EarlyStoppingParams(Group):
    """When a fit ends before its iterations are done, and whether it gives the last weights or the best."""

    earlyStoppingPatience = param(
        "earlyStoppingPatience",
        "Iterations without improvement, of what monitor says, after which the fit ends. 0 never ends it "
        "early. All workers must run at once.",
        int32,
    )
    earlyStoppingMinDelta = param(
        "earlyStoppingMinDelta",
        "By how much it must be better than the best one before to be an improvement, 0 or more.",
        TypeConverters.toFloat,
    )
    restoreBest = param(
        "restoreBest",
        "Whether the model gets the weights of the last improvement, also where the fit does not end early, "
        "instead of the last ones. The driver holds a copy of the model for it. All workers must run at "
        "once.",
        TypeConverters.toBoolean,
    )

    monitor = param(
        "monitor",
        "What must improve for early stopping and restoreBest: loss (the validation loss if rows are "
        "held out, otherwise the training loss), or the name of a metric of the validation.",
        TypeConverters.toString,
    )
    monitorMode = param(
        "monitorMode",
        "Whether that is better when it is higher: max, min, or auto, which tells by the name "
        "(accuracy, auc, …: max; loss, error, …: min).",
        TypeConverters.toString,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(earlyStoppingPatience=0, earlyStoppingMinDelta=0.0, restoreBest=False)
        self._setDefault(monitor="loss", monitorMode="auto")

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

    def getMonitor(self) -> str:
        return self._value(self.monitor)

    def setMonitor(self: Self, value: str | None) -> Self:
        return self._set(monitor=value)

    def getMonitorMode(self) -> str:
        return self._value(self.monitorMode)

    def setMonitorMode(self: Self, value: str | None) -> Self:
        return self._set(monitorMode=value)
