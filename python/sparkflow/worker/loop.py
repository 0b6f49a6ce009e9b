"""The training loop: the steps of one partition in one round, and what is said to the server between them."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from sparkflow.backend.interface import Backend
from sparkflow.backend.layout import Layout
from sparkflow.ps.client import ParameterClient, ServerError
from sparkflow.ps.rows import RowClient
from sparkflow.worker.batches import BatchPlan, Taker
from sparkflow.worker.classes import check_two_classes, weigh
from sparkflow.worker.columns import Column
from sparkflow.worker.finite import remedy
from sparkflow.worker.spec import TrainSpec
from sparkflow.worker.steps import AccumulatedSteps, GradientSteps, LocalSteps, RowSteps, Steps
from sparkflow.worker.transform import Transform
from sparkflow.worker.validation import Validation

# Characters of an error that the driver is told; the executor's log has it whole.
_LONGEST = 1000


_LABELS = (
    " Labels are the numbers of classes, from 0 on: look at labelCol (StringIndexer makes such), and at how "
    "many values the output has"
)


class TrainingLoop:
    """The steps of one partition in one round.

    Parameters
    ----------
    given : sequence of Column
        The spec's `columns`, each of shape (n, k).
    held_out : sequence of Column, optional
        The same of the rows that are held out, if the spec says that some are.
    """

    def __init__(
        self,
        spec: TrainSpec,
        backend: Backend,
        given: Sequence[Column],
        partition: int,
        held_out: Sequence[Column] = (),
    ) -> None:
        self._spec = spec
        self._backend = backend
        self._partition = partition
        self._rows = len(given[0])
        self._plan = BatchPlan(
            self._rows,
            spec.mini_batch_size,
            spec.mini_stochastic_iters,
            spec.shuffle_per_iter,
            spec.seed,
            spec.round,
            partition,
        )
        if spec.two_classes and spec.labels:
            check_two_classes(given[len(spec.inputs)])
        self._shaped = shape(backend, weigh(spec, given))
        self._takers = [Taker(array, self._plan.batch) for array in self._shaped]
        self._validation = None
        if spec.validation:
            held_out = weigh(spec, held_out, held_out=True)
            arrays = shape(backend, held_out) if len(held_out[0]) else []
            self._validation = Validation(arrays, self._plan.batch)
        self._transform = None
        if spec.transform is not None:
            labelled = bool(spec.labels)
            self._transform = Transform(spec.transform, labelled, [spec.seed, spec.round, partition])
        self._number = 0  # of the iteration, over all rounds
        self.made = 0  # mini-batches

    def run(self, client: ParameterClient, attempt: int) -> str | None:
        """Train to the end; return None, or why there was no more to do.

        What fails here for good is told to the driver first; a broken connection is not, as a retry may
        find it mended.
        """
        try:
            self._train(client, attempt)
        except ServerError as error:
            if not error.quiet:
                raise
            return str(error)
        except ConnectionError:
            raise
        except Exception as error:
            self._tell(client, error)
            raise
        return None

    def _train(self, client: ParameterClient, attempt: int) -> None:
        spec, backend, plan = self._spec, self._backend, self._plan
        steps = self._steps(client)
        welcome = steps.hello(spec.round, self._partition, attempt, self._rows)
        step, version, state = welcome.step, welcome.version, bytes(welcome.state)
        if welcome.initialize:
            initial, state = backend.initial()
            version = client.initialize(backend.layout.to_json(), initial, state)
            del initial
        else:
            _check_layout(backend.layout, welcome.layout)
        pushes = -(-plan.steps_per_iteration // spec.per_push)  # of an iteration
        first, skipped = divmod(step, pushes)
        batches = self._batches(first, skipped * spec.per_push)
        version = steps.begin(batches, version, self._share(client))
        if spec.compression != "none":
            client.compress(spec.compression)
        self._segment(version)
        backend.start(client.weights, state)
        decay = backend.decay() if backend.layout.state else None
        merged = self.made

        if step and not skipped:  # the attempt before may have been lost before its report
            client.report(spec.round * spec.iters + first - 1, 0, 0.0)
        for iteration in range(first, spec.iters):
            self._number = spec.round * spec.iters + iteration
            total, samples = 0.0, 0
            for push in range(skipped, pushes):
                left = plan.steps_per_iteration - push * spec.per_push
                count, loss = steps.push(step, version, left)
                version = client.wait()
                step += 1
                total += loss * count
                samples += count
                ends = bool(spec.segment) and version % spec.segment == 0
                if decay is not None and (ends or push == pushes - 1):
                    state = self._merge_state(client, state, decay ** (self.made - merged))
                    merged = self.made
                if ends and self._segment(version):
                    backend.start(client.weights, state)
            skipped = 0
            self._check_weights(client.weights)
            if self._validation is not None:
                self._validation.tell(client, steps, self._number)
                version = steps.resume(version)
            client.report(self._number, samples, total / samples)
        client.done()

    def _segment(self, version: int) -> bool:
        """A segment begins: draw from its seeds; return whether that needs a start.

        So what a worker draws does not depend on whether it has been there from the beginning. Local steps
        draw on: their optimizers live in the session.
        """
        spec = self._spec
        if not spec.segment or spec.local_steps > 1:
            return False
        return self._backend.reseed(version // spec.segment)

    def _steps(self, client: ParameterClient) -> Steps[Any]:
        if isinstance(client, RowClient):
            return RowSteps(self._backend, client, self._made)
        if self._spec.local_steps > 1:
            return LocalSteps(self._backend, client, self._made, self._spec.local_steps)
        if self._spec.accumulation > 1:
            return AccumulatedSteps(self._backend, client, self._made, self._spec.accumulation)
        return GradientSteps(self._backend, client, self._made)

    def _made(self, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"loss became {loss} at iteration {self._number} (partition {self._partition}, "
                f"step {step}): {remedy(self._spec.fed, self._shaped)}"
            )
        self.made += 1

    def _check_weights(self, weights: np.ndarray) -> None:
        """Where a layer makes 0 of NaN, as relu may, the loss does not tell."""
        with np.errstate(all="ignore"):
            finite = math.isfinite(weights.sum())
        if not finite:
            raise FloatingPointError(
                f"a weight became NaN or infinite in iteration {self._number} (seen by partition "
                f"{self._partition}): {remedy(self._spec.fed, self._shaped)}"
            )

    def _batches(self, first: int, skipped: int) -> Iterator[list[np.ndarray]]:
        """Yield the inputs of each step from step `skipped` of iteration `first` on; each until the next."""
        for iteration in range(first, self._spec.iters):
            for number, rows in enumerate(self._plan.steps(iteration)[skipped:], skipped):
                inputs = [take(rows) for take in self._takers]
                if self._transform is not None:
                    inputs = self._transform(_owned(inputs, rows), iteration, number)
                yield inputs
            skipped = 0

    def _share(self, client: ParameterClient) -> bool:
        """Whether gradients and weights go through shared memory from now on."""
        transport = self._spec.transport
        if transport == "shm" and not client.weights.size:
            return False  # all variables are tables, whose rows are in frames
        why = "transport is tcp" if transport == "tcp" else client.share()
        if why is not None and transport == "shm":
            raise ValueError(f"transport is 'shm', but {why}: set transport to 'auto' or 'tcp'")
        return why is None

    def _merge_state(self, client: ParameterClient, base: bytes, kept: np.ndarray) -> bytes:
        change = self._backend.layout.state_change(self._backend.state(), base)
        merged = bytes(client.push_state(change, kept))
        self._backend.restore(merged)
        return merged

    def _tell(self, client: ParameterClient, error: Exception) -> None:
        # TensorFlow's own words may begin with empty lines, and go on for pages of its graph.
        message = str(getattr(error, "message", "") or error).strip() or repr(error)
        if "outside the valid range of" in message:  # of a sparse loss, which then lists all labels
            message = message.split(" Label values:")[0] + _LABELS
        if len(message) > _LONGEST:
            message = message[: _LONGEST - 1].rstrip() + "…"
        if not isinstance(error, (ValueError, FloatingPointError)):
            message += f" ({type(error).__name__} in partition {self._partition} on {socket.gethostname()})"
        # The error itself reaches the driver through Spark in any case.
        with suppress(ConnectionError, ServerError):
            client.failed(message)


def _owned(inputs: list[np.ndarray], rows: Any) -> list[np.ndarray]:
    """The arrays of a mini-batch as nobody else's: a slice of the data is copied."""
    return [array.copy() for array in inputs] if isinstance(rows, slice) else inputs


def shape(backend: Backend, given: Sequence[Column]) -> list[Column]:
    """Return the columns that are fed, as the backend takes them."""
    return [feed.rows(rows) for feed, rows in zip(backend.feeds, given, strict=True)]


def _check_layout(own: Layout, text: str) -> None:
    difference = own.difference(Layout.from_json(text))
    if difference is not None:
        raise ValueError(
            f"the fit's weights do not fit tensorflowGraph: {difference}; "
            "initialWeights come from another graph"
        )
