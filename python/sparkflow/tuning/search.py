"""A search: Optuna chooses params, SparkFlow's fits are the trials."""

import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from sparkflow.fit import TrainingError
from sparkflow.session import active_context, sparkflow_jvm
from sparkflow.tuning import space as spaces
from sparkflow.tuning.result import Search
from sparkflow.tuning.space import Space

if TYPE_CHECKING:
    from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel


def search(
    estimator: "SparkAsyncDL",
    dataset: DataFrame,
    space: Space,
    *,
    trials: int = 20,
    size: str = "small",
    parallelism: int | None = None,
    monitor: str = "loss",
    maximize: bool | None = None,
    evaluator: Any = None,
    validation: DataFrame | None = None,
    prune: Any = True,
    storage: str | None = None,
    name: str | None = None,
    seed: int | None = None,
    timeout: float | None = None,
) -> Search:
    """Tries sets of params and tells which makes the best model.

    Parameters
    ----------
    estimator : SparkAsyncDL
        Has all params that the space leaves alone; it is not changed.
    dataset : DataFrame
        What each trial trains on. Cache it: each trial reads it.
    space : mapping or callable
        Argument of SparkAsyncDL → a list of choices, ``("float", low, high)``, ``("log", low, high)`` (evenly
        on a logarithmic scale) or ``("int", low, high)``, bounds included. Or a function of an
        ``optuna.trial.Trial`` that returns the arguments, as a dict: also ``model=…``, so that a search may
        build another net for each trial.
    trials : int
        How many to have in the study, those of earlier runs included.
    size : {"small", "large"}
        "small": a trial trains whole in one task (``partitions=1``), and as many run at once as there are
        task slots. "large": a trial uses the cluster, with the estimator's ``partitions``; one after the
        other.
    parallelism : int, optional
        Trials at once, if not so many.
    monitor : str
        What is compared where there is no evaluator: "loss", of the rows that the estimator holds out
        (``validationFraction`` or ``validationIndicatorCol``), or the name of one of the model's metrics on
        them; of the iteration with the best loss with ``restoreBest``, else of the last.
    maximize : bool, optional
        Whether more is better. By default what the evaluator says or, without one, the estimator's
        ``monitorMode``, which may tell by the metric's name.
    evaluator : pyspark.ml.evaluation.Evaluator, optional
        Compares the predictions for the DataFrame `validation` instead.
    prune : bool or optuna.pruners.BasePruner
        Whether to give up, after an iteration, trials that do worse than others did there: by default those
        worse than the median. Only of trials that hold rows out.
    storage : str, optional
        Where the study is kept, such as "sqlite:///study.db", so that another run goes on with it by its
        `name`.
    name : str, optional
        The study's; needed with a storage.
    seed : int, optional
        Of Optuna's choices, which are the same again with one trial at a time.
    timeout : float, optional
        Seconds after which no trial begins.

    Raises
    ------
    ModuleNotFoundError
        Optuna is not installed.
    TypeError, ValueError, pyspark.errors.IllegalArgumentException
        An argument, or a param that a trial sets, is wrong.
    RuntimeError
        No trial came to a value; the message has the error of the last.
    """
    optuna = _optuna()
    _check(
        space, estimator, trials, size, parallelism, monitor, maximize, evaluator, validation, storage, name
    )
    more = _more_is_better(estimator, monitor, evaluator) if maximize is None else maximize
    pruner: Any = optuna.pruners.MedianPruner() if prune is True else prune or optuna.pruners.NopPruner()
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=pruner,
        direction="maximize" if more else "minimize",
    )
    ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    best = _Best(more)
    wrong: list[Exception] = []  # what no further trial would mend; of several at once Optuna may lose it

    def objective(trial: Any) -> float:
        try:
            return attempt(trial)
        except (TrainingError, optuna.TrialPruned):
            raise
        except Exception as error:
            wrong.append(error)
            study.stop()
            raise

    def attempt(trial: Any) -> float:
        stage = estimator.copy()
        chosen = spaces.suggest(space, trial)
        if size == "small":
            _check_small(chosen)
            chosen["partitions"] = 1
        stage.setParams(**chosen)
        curve = _Curve(trial, monitor, optuna.TrialPruned, stage.getValidationCallback())
        if _holds_out(stage):
            stage.setValidationCallback(curve)
        elif evaluator is None:
            raise ValueError(
                f"trial {trial.number} holds no rows out: its space must leave validationFraction"
            )
        try:
            model = stage.fit(dataset)
        except TrainingError as error:
            trial.set_user_attr("error", str(error))
            raise
        if evaluator is not None:
            value = float(evaluator.evaluate(model.transform(validation)))
        else:
            value = curve.values[model.summary.bestIteration if stage.getRestoreBest() else -1]
        best.offer(trial.number, value, model)
        return value

    left = trials - len(ended)
    if left > 0:
        at_once = parallelism or (1 if size == "large" else max(1, _slots()))
        study.optimize(
            objective, n_trials=left, n_jobs=min(at_once, left), timeout=timeout, catch=(TrainingError,)
        )
    if wrong:
        raise wrong[0]
    found = Search(study, monitor if evaluator is None else evaluator.getMetricName(), best.found)
    if not any(trial.state == "complete" for trial in found.trials):
        errors = [trial.error for trial in found.trials if trial.error]
        raise RuntimeError(
            f"no trial came to a value; the last ended with: {errors[-1] if errors else 'timeout'}"
        )
    return found


class _Best:
    """The best model so far; the others are let go."""

    def __init__(self, maximize: bool) -> None:
        self._lock = threading.Lock()
        self._maximize = maximize
        self._value: float | None = None
        self.found: tuple[int, SparkAsyncDLModel] | None = None

    def offer(self, number: int, value: float, model: "SparkAsyncDLModel") -> None:
        with self._lock:
            if self._value is None or (value > self._value if self._maximize else value < self._value):
                self._value, self.found = value, (number, model)


class _Curve:
    """Tells Optuna of each iteration, and ends the fit if that says so."""

    def __init__(self, trial: Any, monitor: str, pruned: type[Exception], also: Callable[..., Any] | None):
        self._trial, self._monitor, self._pruned, self._also = trial, monitor, pruned, also
        self.values: list[float] = []  # by iteration

    def __call__(self, loss: float, iteration: int, metrics: dict[str, float]) -> None:
        if self._also is not None:
            self._also(loss, iteration, metrics)
        if self._monitor != "loss" and self._monitor not in metrics:
            raise ValueError(
                f"monitor is {self._monitor!r}, but the model has the metrics {', '.join(metrics) or 'none'}"
            )
        value = loss if self._monitor == "loss" else metrics[self._monitor]
        self.values.append(value)
        self._trial.report(value, iteration)
        if self._trial.should_prune():
            raise self._pruned(f"after iteration {iteration}")


def _check(
    space: Space,
    estimator: "SparkAsyncDL",
    trials: int,
    size: str,
    parallelism: int | None,
    monitor: str,
    maximize: bool | None,
    evaluator: Any,
    validation: DataFrame | None,
    storage: str | None,
    name: str | None,
) -> None:
    spaces.check(space, set(inspect.signature(type(estimator).setParams).parameters) - {"self"})
    if trials < 1:
        raise ValueError(f"trials is {trials}, expected 1 or more")
    if size not in ("small", "large"):
        raise ValueError(
            f"size is {size!r}, expected 'small' (a trial in one task) or 'large' (on the cluster)"
        )
    if parallelism is not None and parallelism < 1:
        raise ValueError(f"parallelism is {parallelism}, expected 1 or more")
    if (evaluator is None) != (validation is None):
        raise ValueError("evaluator and validation, the DataFrame that it evaluates, go together")
    if evaluator is None and not _holds_out(estimator):
        raise ValueError(
            "there is nothing to compare trials by: set validationFraction or validationIndicatorCol on the "
            "estimator, or give evaluator and validation"
        )
    if size == "small" and not callable(space):
        _check_small(space)
    if storage is not None and name is None:
        raise ValueError(f"storage is {storage!r}: give the study a name, by which another run finds it")


def _check_small(chosen: Any) -> None:
    if "partitions" in chosen:
        raise ValueError(
            "the space chooses partitions, but size is 'small', where a trial trains in one task: leave it "
            "out, or say size='large'"
        )


def _more_is_better(estimator: "SparkAsyncDL", monitor: str, evaluator: Any) -> bool:
    if evaluator is not None:
        return bool(evaluator.isLargerBetter())
    return bool(sparkflow_jvm().sparkflow.job.Monitor.rises(monitor, estimator.getMonitorMode()))


def _holds_out(estimator: "SparkAsyncDL") -> bool:
    return bool(estimator.getValidationIndicatorCol()) or estimator.getValidationFraction() > 0


def _slots() -> int:
    bridge = sparkflow_jvm().org.apache.spark.sql.sparkflow.PythonBridge
    return int(bridge.slots(active_context()._jsc.sc()))


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise ModuleNotFoundError(
            "sparkflow.tuning needs Optuna: pip install sparkflow[tuning]", name="optuna"
        ) from error
    return optuna
