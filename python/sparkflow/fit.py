"""One fit from Python's side: the JVM trains, calls back with losses and progress, its errors come out."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark import InheritableThread
from pyspark.java_gateway import ensure_callback_server_started

from sparkflow.frame import expect_frame
from sparkflow.session import active_context

LossCallback = Callable[[float, int, int], Any]
ValidationCallback = Callable[[float, int, dict[str, float]], Any]

# Seconds: how soon a Ctrl-C is seen, and how long the JVM may take to end the fit after it.
_TURN, _GRACE = 0.2, 30.0


class StopTraining(Exception):
    """Raised by a callback to end the fit with what it has come to; the model is returned."""


class TrainingError(RuntimeError):
    """A fit that began and failed; the message says why. The JVM's exception is its ``__cause__``."""


def fit(
    java_estimator: Any,
    dataset: Any,
    loss_callback: LossCallback | None,
    verbose: int,
    validation_callback: ValidationCallback | None = None,
) -> Any:
    """Runs the jar's estimator on a DataFrame and returns the jar's model.

    Raises
    ------
    TypeError
        ``dataset`` is no DataFrame of Spark's.
    TrainingError
        The fit began and failed.
    pyspark.errors.IllegalArgumentException
        A param, the graph or a column is wrong; no Spark job was started.
    KeyboardInterrupt
        Ctrl-C; the fit's Spark jobs are cancelled.
    BaseException
        Whatever a callback raised, as it is.
    """
    expect_frame(dataset, "fit")
    if (
        loss_callback is None and validation_callback is None and verbose < 1
    ):  # nothing to hear of: leave the way back from the JVM closed
        return _Call(java_estimator, dataset).result()
    ensure_callback_server_started(active_context()._gateway)
    listener = _Listener(loss_callback, validation_callback)
    java_model = None
    try:
        java_model = _Call(java_estimator, dataset, listener).result()
    except Exception:
        if listener.error is None:
            raise
    if listener.error is not None:
        raise listener.error
    return java_model


class _Call:
    """The call into the JVM, on a thread of its own: a thread that waits for the JVM hears no Ctrl-C."""

    def __init__(self, java_estimator: Any, dataset: Any, *listener: "_Listener") -> None:
        self._java_estimator = java_estimator
        self._arguments = (dataset._jdf, *listener)
        self._context = active_context()
        self._tag = f"sparkflow-python-fit-{uuid.uuid4()}"
        self._java_model: Any = None
        self._error: Exception | None = None
        # Not Thread.join: up to Python 3.12 a join that Ctrl-C breaks off takes the thread for ended.
        self._ended = threading.Event()

    def result(self) -> Any:
        # Inherits the caller's scheduler pool, job description and tags. A daemon: the exit need not wait.
        thread = InheritableThread(target=self._run, name=self._tag, daemon=True)
        try:
            thread.start()
            while not self._ended.wait(_TURN):
                pass
        except KeyboardInterrupt:
            self._cancel()
            raise
        if self._error is not None:
            raise self._error
        return self._java_model

    def _run(self) -> None:
        try:
            self._java_model = self._fit()
        except Exception as e:  # noqa: BLE001 - raised again in the caller's thread
            self._error = e
        finally:
            self._ended.set()

    def _fit(self) -> Any:
        self._context.addJobTag(self._tag)
        try:
            return self._java_estimator.fit(*self._arguments)
        except Py4JJavaError as e:
            if e.java_exception.getClass().getName() != "sparkflow.job.TrainingException":
                raise
            raise TrainingError(e.java_exception.getMessage()) from e
        finally:
            # Without pinned threads another Python thread may get this one's thread in the JVM. A context
            # that has been stopped meanwhile knows no tags.
            if self._context._jsc is not None:
                self._context.removeJobTag(self._tag)

    def _cancel(self) -> None:
        end = time.monotonic() + _GRACE
        # Again and again: a job that the fit is only about to start has no tag to be found by.
        while not self._ended.is_set() and time.monotonic() < end:
            self._context.cancelJobsWithTag(self._tag)
            self._ended.wait(_TURN)


class _Listener:
    """What the JVM calls, one call at a time, on a thread of Py4J's."""

    def __init__(
        self, loss_callback: LossCallback | None, validation_callback: ValidationCallback | None = None
    ) -> None:
        self.loss_callback = loss_callback
        self.validation_callback = validation_callback
        self.error: BaseException | None = None
        self.stopped = False

    def onIteration(self, loss: float, iteration: int, partition: int) -> None:
        if self.loss_callback is not None:
            self._call("loss_callback", self.loss_callback, loss, iteration, partition)

    def onValidation(self, loss: float, iteration: int, metrics: Any) -> None:
        if self.validation_callback is not None:
            self._call("validation_callback", self.validation_callback, loss, iteration, dict(metrics))

    def _call(self, name: str, callback: Callable[..., Any], *arguments: Any) -> None:
        if self.error is not None or self.stopped:
            return
        try:
            callback(*arguments)
        except StopTraining:
            self.stopped = True
        except BaseException as e:
            self.error = e
            # To the JVM, which ends the fit; Py4J passes on no more than an Exception, not a SystemExit.
            raise RuntimeError(f"{name} raised {e!r}") from e

    def wantsToStop(self) -> bool:
        return self.stopped

    def onProgress(self, line: str) -> None:
        print(line, flush=True)

    class Java:
        implements = ("sparkflow.job.FitListener",)
