"""How a fit went: ``model.summary``."""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import DataFrame, SparkSession


class TrainingSummary:
    """How the fit went that made a model; kept in the saved model.

    Attributes
    ----------
    mode : str
        The fit's ``mode``.
    objectiveHistory : list of float
        Mean loss of each iteration, over all rounds of ``partitionShuffles``.
    totalIterations : int
    steps : int
        Updates that were applied to the weights.
    samples : int
        Samples that the updates were made from: a row counts once in each iteration.
    seconds : float
        That the fit took, its start included.
    samplesPerSecond : float
        While workers trained: without the time until the first weights.
    stalenessHistogram : list of int
        Updates by staleness: number k is of those to which k updates by others came between the weights that
        the gradient was computed on and its own update. Number 63, if there is one, is of 63 and more.
    retries : int
        Attempts at a partition after its first, of all partitions.
    bytesReceived, bytesSent : int
        By the parameter server, through sockets; shared memory is not in them.
    waitSeconds : float
        For which workers waited for the server, summed over them.
    partitionRows : list of int
        Rows of each partition in the first round, without those that are held out; 0 for an empty one, which
        trains nothing.
    workersAtOnce : int
        The most workers that trained at the same time. Fewer than there are partitions with rows means that
        those trained in waves, the later ones on weights that the earlier ones had left. 0 in a model of a
        version that did not count them.
    stoppedEarly : bool
        Whether the fit ended because it no longer improved, see ``earlyStoppingPatience``, or because a
        callback raised ``StopTraining``.
    bestIteration : int, optional
        The iteration with the best loss, or value of ``monitor``, from 0; None unless
        ``earlyStoppingPatience`` or ``restoreBest`` was set.
    resumedFrom : int
        Updates that the checkpoint had which the fit went on from; 0 if it began at the beginning. All that
        is counted here counts what was before it, too, but for ``checkpoints``.
    checkpoints : int
        That this fit wrote.
    checkpointFailures : int
        Checkpoints that could not be written; the log says why.
    """

    mode: str
    objectiveHistory: list[float]
    totalIterations: int
    steps: int
    samples: int
    seconds: float
    samplesPerSecond: float
    stalenessHistogram: list[int]
    retries: int
    bytesReceived: int
    bytesSent: int
    waitSeconds: float
    partitionRows: list[int]
    workersAtOnce: int
    stoppedEarly: bool
    bestIteration: int | None
    resumedFrom: int
    checkpoints: int
    checkpointFailures: int

    def __init__(self, java_summary: Any) -> None:
        self._java = java_summary
        record = json.loads(java_summary.toJson())
        iterations = record.pop("iterations")
        self.__dict__.update({"stoppedEarly": False, "bestIteration": None, "workersAtOnce": 0} | record)
        self.objectiveHistory = [each["loss"] for each in iterations]
        self.totalIterations = len(iterations)
        self.samplesPerSecond = float(java_summary.samplesPerSecond())
        self.waitSeconds = float(java_summary.waitSeconds())

    @property
    def history(self) -> DataFrame:
        """One row an iteration.

        Its columns are ``iteration``, ``loss``, ``samples``, ``seconds`` since the first weights,
        ``samplesPerSecond``, ``staleness`` (mean of its updates), ``waitSeconds`` (summed over the workers),
        ``validationLoss`` (null unless rows are held out and all partitions have ended the iteration) and
        ``validationMetrics`` (a map of values by name).
        """
        return DataFrame(self._java.history(), SparkSession.active())

    def __repr__(self) -> str:
        return str(self._java.toString())
