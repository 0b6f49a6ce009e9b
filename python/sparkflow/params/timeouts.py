"""How long is waited for those who may never come."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from sparkflow.params.base import Group, Self, int32, param


class TimeoutParams(Group):
    """How long is waited for those who may never come."""

    workerTimeout = param(
        "workerTimeout",
        "Seconds, 1 or more, without a sign of life after which a worker is taken for lost: its machine is "
        "gone, or its process stopped. Its task is killed, and another attempt goes on where it was. A "
        "worker gives six signs in this time, whatever its steps take; until it trains it may be silent for "
        "ten times as long.",
        int32,
    )

    waitTimeout = param(
        "waitTimeout",
        "Seconds, 1 or more, for which workers wait for one that is lost or has not come, before the fit "
        "fails and names it: in modes ssp and sync, and before the first step of a fit that may stop early. "
        "Else nobody waits.",
        int32,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(workerTimeout=30, waitTimeout=600)

    def getWorkerTimeout(self) -> int:
        return self._value(self.workerTimeout)

    def setWorkerTimeout(self: Self, value: int | None) -> Self:
        return self._set(workerTimeout=value)

    def getWaitTimeout(self) -> int:
        return self._value(self.waitTimeout)

    def setWaitTimeout(self: Self, value: int | None) -> Self:
        return self._set(waitTimeout=value)
