"""The training task: one Spark partition, from Arrow rows to pushed gradients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyspark import TaskContext

from sparkflow.ps.client import ParameterClient, ServerError
from sparkflow.ps.rows import RowClient
from sparkflow.worker import arrow, columns, gpus, reuse
from sparkflow.worker.loop import TrainingLoop
from sparkflow.worker.rows import Spill
from sparkflow.worker.spec import TrainSpec
from sparkflow.worker.validation import no_training_rows

RESULT = pa.schema(
    [
        ("partition", pa.int32()),
        ("rows", pa.int64()),
        ("steps", pa.int64()),  # that this attempt made
        ("message", pa.string()),  # why it ended early, if it did
    ]
)


class Train:
    """Called by Spark (mapInArrow) with the packed rows of a partition; trains on them and returns one row.

    Parameters
    ----------
    spec : str
        JSON of a `TrainSpec`.
    """

    def __init__(self, spec: str) -> None:
        self._spec = TrainSpec.from_json(spec)

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        context = TaskContext.get()
        if context is None:
            raise RuntimeError("Train runs in a Spark task")
        gpus.take_of(context)
        result = self.run(batches, context.partitionId(), context.taskAttemptId())
        reuse.forget_archives()
        yield result

    def run(self, batches: Iterable[Any], partition: int, attempt: int) -> Any:
        """Train on `batches` as an attempt of `partition`; return a record batch of schema `RESULT`."""
        spec = self._spec
        # First of all: so the server learns at once of a worker that is lost before it trains.
        with ParameterClient.connect(*spec.server, spec.worker_timeout) as client:
            try:
                client.starting(spec.round, partition, attempt)
                rows, made, message = self._work(client, batches, partition, attempt)
            except ServerError as error:
                if not error.quiet:
                    raise
                rows, made, message = 0, 0, str(error)
            return arrow.row(RESULT, (partition, rows, made, message))

    def _work(
        self, client: ParameterClient, batches: Iterable[Any], partition: int, attempt: int
    ) -> tuple[int, int, str | None]:
        """Return the rows of the partition, the mini-batches made, and why they are no more, if so."""
        spec = self._spec
        spill = Spill(spec.spill_limit, spec.spill_dir)
        given, held_out = columns.read_apart(batches, spec.columns, spec.validation, spill)
        rows = len(given[0])
        if rows == 0:
            if len(held_out[0]):
                raise no_training_rows(partition, len(held_out[0]))
            client.absent(spec.round, partition, attempt)
            return 0, 0, None
        reuse.load_tensorflow()  # not before there is something to train on
        from sparkflow.backend.clipping import Clip
        from sparkflow.backend.graph import GraphBackend

        backend = GraphBackend(
            spec.graph,
            spec.inputs,
            spec.labels,
            regularization_losses=spec.regularization_losses,
            seed=spec.seed,
            round=spec.round,
            worker=partition,
            threads=spec.threads,
            tf_output=spec.tf_outputs,
            tf_dropout=spec.tf_dropout,
            optimizer=spec.optimizer if spec.local_steps > 1 else None,
            tables=spec.sparse_tables and spec.per_push == 1,
            evaluation=spec.validation,
            dropout=spec.dropout,
            tf_sample_weight=spec.tf_sample_weight,
            clip=Clip(**spec.clip),
            accumulates=spec.accumulation > 1,
            metrics=spec.metrics,
        )
        try:
            loop = TrainingLoop(spec, backend, given, partition, held_out)
            message = loop.run(RowClient.over(client) if backend.tables else client, attempt)
            return rows, loop.made, message
        finally:
            backend.close()
