"""How gradients and weights travel between the workers and the parameter server."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, param


class TrafficParams(Group):
    """How gradients and weights travel between the workers and the parameter server."""

    transport = param(
        "transport",
        "How gradients and weights travel: auto (shared memory for workers on the server's host where there "
        "is room for it, otherwise TCP), tcp, or shm (shared memory, or the fit fails).",
        TypeConverters.toString,
    )

    localSteps = param(
        "localSteps",
        "Mini-batches that a worker trains on its own, with the optimizer in its TensorFlow session, before "
        "it pushes what they have changed, 1 or more; 1 pushes the gradient of every mini-batch to the "
        "server's optimizer.",
        int32,
    )

    compression = param(
        "compression",
        "What gradients are made of on their way to the server over TCP: none (float32), bf16 (half the "
        "bytes), int8 (a quarter), or topk (the largest 5 %); with each of the last three, weights come back "
        "as bf16. What int8 and topk leave out is added to the worker's next gradient. Shared memory and "
        "rows of tables ignore it.",
        TypeConverters.toString,
    )

    sparseTables = param(
        "sparseTables",
        "Whether variables of which the loss reads single rows alone (embedding tables) travel by rows: then "
        "a worker has only the rows of its mini-batch, and the optimizer updates them as TensorFlow applies "
        "sparse gradients. If false, or with localSteps or gradientAccumulationSteps above 1, "
        "delayCompensation or lamb, they travel whole, and a row that a mini-batch does not read has a "
        "gradient of 0.",
        TypeConverters.toBoolean,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(transport="auto", localSteps=1, compression="none", sparseTables=True)

    def getCompression(self) -> str:
        return self._value(self.compression)

    def setCompression(self: Self, value: str | None) -> Self:
        return self._set(compression=value)

    def getLocalSteps(self) -> int:
        return self._value(self.localSteps)

    def setLocalSteps(self: Self, value: int | None) -> Self:
        return self._set(localSteps=value)

    def getSparseTables(self) -> bool:
        return self._value(self.sparseTables)

    def setSparseTables(self: Self, value: bool | None) -> Self:
        return self._set(sparseTables=value)

    def getTransport(self) -> str:
        return self._value(self.transport)

    def setTransport(self: Self, value: str | None) -> Self:
        return self._set(transport=value)
