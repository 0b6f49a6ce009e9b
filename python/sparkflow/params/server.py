"""How the parameter server keeps the weights consistent, and where it listens."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class ServerParams(Group):
    """How the parameter server keeps the weights consistent, and where it listens."""

    mode = param(
        "mode",
        "How workers share the weights: hogwild (no lock, workers read and write as they come), locked "
        "(updates are atomic and ordered), ssp (locked, and no worker runs more than maxStaleness steps "
        "ahead of the slowest) or sync (the gradients of all workers are averaged in each step; the same "
        "seed and partitions give the same model, to the bit). ssp and sync need a free task slot for each "
        "partition.",
        TypeConverters.toString,
    )
    acquireLock = param(
        "acquireLock",
        "Whether each update takes a lock: true is the same as mode locked, false as mode hogwild.",
        TypeConverters.toBoolean,
    )
    port = param(
        "port",
        "Port of the parameter server on the driver, 1024 to 65535; 0 takes any free port.",
        int32,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(mode="hogwild", acquireLock=False, port=0)

    def getMode(self) -> str:
        return self._value(self.mode)

    def setMode(self: Self, value: str | None) -> Self:
        return self._set(mode=value)

    def getAcquireLock(self) -> bool:
        return self._value(self.acquireLock)

    def setAcquireLock(self: Self, value: bool | None) -> Self:
        return self._set(acquireLock=value)

    getAqcuireLock = getAcquireLock  # as SparkFlow 0.7 spelt it

    def getPort(self) -> int:
        return self._value(self.port)

    def setPort(self: Self, value: int | None) -> Self:
        return self._set(port=value)
