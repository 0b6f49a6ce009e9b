"""How much memory a worker's rows may take, and where they go beyond it."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int64, param


class SpillParams(Group):
    """How much memory a worker's rows may take, and where they go beyond it."""

    spillLimit = param(
        "spillLimit",
        "Most bytes of rows that a worker holds in memory, 1 or more, as float32; a partition of more goes "
        "to a file in spillDir. -1 holds all rows in memory.",
        int64,
    )
    spillDir = param(
        "spillDir",
        "Directory on the workers for the rows beyond spillLimit; it must exist. "
        "Not set: the directory where Spark's own temporary files go.",
        TypeConverters.toString,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(spillLimit=-1)

    def getSpillLimit(self) -> int:
        return self._value(self.spillLimit)

    def setSpillLimit(self: Self, value: int | None) -> Self:
        return self._set(spillLimit=value)

    def getSpillDir(self) -> str | None:
        return self._value(self.spillDir)

    def setSpillDir(self: Self, value: str | None) -> Self:
        return self._set(spillDir=value)
