"""How old the weights may be that a gradient was computed on, and what is done about it."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class StalenessParams(Group):
    """How old the weights may be that a gradient was computed on, and what is done about it."""

    maxStaleness = param(
        "maxStaleness",
        "In mode ssp, steps that a worker may be ahead of the slowest, 0 or more; 0 lets all take each step "
        "together. The other modes ignore it.",
        int32,
    )

    stalenessDecay = param(
        "stalenessDecay",
        "Whether a gradient is divided by its staleness + 1 (DynSGD), staleness being the updates by others "
        "between the weights that it was computed on and its own update. Not in mode sync, where there are "
        "none.",
        TypeConverters.toBoolean,
    )

    delayCompensation = param(
        "delayCompensation",
        "The factor c of delay compensation (DC-ASGD), 0 or more: a gradient g becomes g + c * g * g * (w - "
        "v), elementwise, where w are the weights now and v those that it was computed on; 0 leaves it as it "
        "is. Tables travel whole then. Not in mode sync, where w is v, nor with localSteps above 1 or "
        "compression.",
        TypeConverters.toFloat,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(maxStaleness=8, stalenessDecay=False, delayCompensation=0.0)

    def getMaxStaleness(self) -> int:
        return self._value(self.maxStaleness)

    def setMaxStaleness(self: Self, value: int | None) -> Self:
        return self._set(maxStaleness=value)

    def getStalenessDecay(self) -> bool:
        return self._value(self.stalenessDecay)

    def setStalenessDecay(self: Self, value: bool | None) -> Self:
        return self._set(stalenessDecay=value)

    def getDelayCompensation(self) -> float:
        return self._value(self.delayCompensation)

    def setDelayCompensation(self: Self, value: float | None) -> Self:
        return self._set(delayCompensation=value)
