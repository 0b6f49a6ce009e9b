"""The loop that each worker runs over its partition."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, int32, int64, param


class TrainingParams(Group):
    """The loop that each worker runs over its partition."""

    iters = param(
        "iters",
        "Number of iterations that each partition trains, 1 or more; miniBatchSize and miniStochasticIters "
        "say what "
        "an iteration is.",
        int32,
    )
    partitions = param(
        "partitions",
        "Most partitions to train on, 1 or more; each has one worker. Data in fewer partitions stay as "
        "they are.",
        int32,
    )
    miniBatchSize = param(
        "miniBatchSize",
        "Rows in a mini-batch, 1 or more; -1 trains on all rows of the partition at once.",
        int32,
    )
    miniStochasticIters = param(
        "miniStochasticIters",
        "Random mini-batches in an iteration, 1 or more; -1 goes through all rows of the partition in "
        "mini-batches.",
        int32,
    )
    shufflePerIter = param(
        "shufflePerIter",
        "Whether a worker shuffles its rows before each iteration.",
        TypeConverters.toBoolean,
    )
    partitionShuffles = param(
        "partitionShuffles",
        "Number of times that all iterations are run, 1 or more, with the rows shuffled across partitions "
        "in between.",
        int32,
    )
    seed = param(
        "seed",
        "Seed of the initial weights, the shuffling and dropout. Not set: each fit draws its own.",
        int64,
    )
    verbose = param(
        "verbose",
        "How much fit tells while it trains, 0 or more: 0 is silent, 1 shows a progress line a second, "
        "2 one for every report.",
        int32,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(
            iters=1000,
            partitions=5,
            miniBatchSize=128,
            miniStochasticIters=-1,
            shufflePerIter=True,
            partitionShuffles=1,
            verbose=0,
        )

    def getIters(self) -> int:
        return self._value(self.iters)

    def setIters(self: Self, value: int | None) -> Self:
        return self._set(iters=value)

    def getPartitions(self) -> int:
        return self._value(self.partitions)

    def setPartitions(self: Self, value: int | None) -> Self:
        return self._set(partitions=value)

    def getMiniBatchSize(self) -> int:
        return self._value(self.miniBatchSize)

    def setMiniBatchSize(self: Self, value: int | None) -> Self:
        return self._set(miniBatchSize=value)

    def getMiniStochasticIters(self) -> int:
        return self._value(self.miniStochasticIters)

    def setMiniStochasticIters(self: Self, value: int | None) -> Self:
        return self._set(miniStochasticIters=value)

    def getShufflePerIter(self) -> bool:
        return self._value(self.shufflePerIter)

    def setShufflePerIter(self: Self, value: bool | None) -> Self:
        return self._set(shufflePerIter=value)

    def getPartitionShuffles(self) -> int:
        return self._value(self.partitionShuffles)

    def setPartitionShuffles(self: Self, value: int | None) -> Self:
        return self._set(partitionShuffles=value)

    def getSeed(self) -> int | None:
        return self._value(self.seed)

    def setSeed(self: Self, value: int | None) -> Self:
        return self._set(seed=value)

    def getVerbose(self) -> int:
        return self._value(self.verbose)

    def setVerbose(self: Self, value: int | None) -> Self:
        return self._set(verbose=value)
