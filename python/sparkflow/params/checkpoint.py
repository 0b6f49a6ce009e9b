"""What a fit saves on its way, and goes on from when its driver was lost."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class CheckpointParams(Group):
    """What a fit saves on its way, and goes on from when its driver was lost."""

    checkpointDir = param(
        "checkpointDir",
        "Directory, on any file system that Spark knows, for checkpoints of the fit: weights, optimizer and "
        "progress. Not set: none are written.",
        TypeConverters.toString,
    )
    checkpointInterval = param(
        "checkpointInterval",
        "Updates of the weights between two checkpoints, 1 or more; the fit's end is one, too. A checkpoint "
        "that is due while the one before is still being written is left out.",
        int32,
    )
    checkpointKeep = param(
        "checkpointKeep",
        "Newest checkpoints that stay in checkpointDir, 1 or more; with 2, there is one to go on from if the "
        "last is damaged.",
        int32,
    )
    resume = param(
        "resume",
        "Whether the fit goes on from the newest checkpoint in checkpointDir, or starts from the beginning "
        "if there is none. false refuses a checkpointDir that has checkpoints.",
        TypeConverters.toBoolean,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(checkpointInterval=1000, checkpointKeep=2, resume=False)

    def getCheckpointDir(self) -> str | None:
        return self._value(self.checkpointDir)

    def setCheckpointDir(self: Self, value: str | None) -> Self:
        return self._set(checkpointDir=value)

    def getCheckpointInterval(self) -> int:
        return self._value(self.checkpointInterval)

    def setCheckpointInterval(self: Self, value: int | None) -> Self:
        return self._set(checkpointInterval=value)

    def getCheckpointKeep(self) -> int:
        return self._value(self.checkpointKeep)

    def setCheckpointKeep(self: Self, value: int | None) -> Self:
        return self._set(checkpointKeep=value)

    def getResume(self) -> bool:
        return self._value(self.resume)

    def setResume(self: Self, value: bool | None) -> Self:
        return self._set(resume=value)
