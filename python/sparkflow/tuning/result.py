"""What a search found."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparkflow.ml import SparkAsyncDLModel


@dataclass(frozen=True)
class Trial:
    """One set of params that was tried.

    Attributes
    ----------
    number : int
        From 0, in the order in which trials began.
    state : str
        "complete", "pruned" (given up as hopeless), "failed" or "running".
    value : float or None
        What is minimized or maximized, of the trained model; of a pruned one the last that it came to.
    params : dict
        What was chosen.
    curve : tuple of float
        The monitored value after each iteration; empty if nothing was held out.
    seconds : float or None
    error : str or None
        Why it failed.
    """

    number: int
    state: str
    value: float | None
    params: Mapping[str, Any]
    curve: tuple[float, ...]
    seconds: float | None
    error: str | None


@dataclass(frozen=True)
class Search:
    """All trials of a search, those of earlier runs of the same study included.

    Attributes
    ----------
    study : optuna.Study
        For Optuna's own reports.
    monitor : str
        Name of the value.
    """

    study: Any
    monitor: str
    _best: "tuple[int, SparkAsyncDLModel] | None"

    @property
    def trials(self) -> list[Trial]:
        return [_trial(frozen) for frozen in self.study.get_trials(deepcopy=False)]

    @property
    def best(self) -> Trial:
        """The trial with the best value."""
        return _trial(self.study.best_trial)

    @property
    def best_params(self) -> dict[str, Any]:
        """What was chosen: where the space is a dict, arguments for ``estimator.setParams(…)``."""
        return dict(self.study.best_params)

    @property
    def best_value(self) -> float:
        return float(self.study.best_value)

    @property
    def best_model(self) -> "SparkAsyncDLModel":
        """The fitted model of the best trial; raises RuntimeError if an earlier run of the study made it."""
        number = self.study.best_trial.number
        if self._best is None or self._best[0] != number:
            raise RuntimeError(
                f"trial {number}, the best, belongs to an earlier run of this study, of which no model is "
                "left: fit again with best_params"
            )
        return self._best[1]

    def table(self) -> str:
        """All trials as text, the best first."""
        maximize = self.study.direction.name == "MAXIMIZE"

        def rank(trial: Trial) -> tuple[bool, float]:
            value = 0.0 if trial.value is None else trial.value
            return trial.state != "complete", -value if maximize else value

        trials = sorted(self.trials, key=rank)
        names = list(dict.fromkeys(name for trial in trials for name in trial.params))
        head = ["trial", "state", self.monitor, "iterations", "seconds", *names]
        rows = [head] + [
            [
                str(trial.number),
                trial.state,
                _short(trial.value),
                str(len(trial.curve) or ""),
                "" if trial.seconds is None else f"{trial.seconds:.1f}",
                *(_short(trial.params.get(name)) for name in names),
            ]
            for trial in trials
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def plot(self, path: str | Path) -> None:
        """Draws the trials into an image file: the values by number, and the curves by iteration.

        Raises
        ------
        ModuleNotFoundError
            matplotlib is not installed.
        """
        from sparkflow.tuning.picture import draw

        draw(self, Path(path))

    def __str__(self) -> str:
        return self.table()


_STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


def _trial(frozen: Any) -> Trial:
    return Trial(
        frozen.number,
        _STATES.get(frozen.state.name, "running"),
        frozen.value,
        frozen.params,
        tuple(frozen.intermediate_values[step] for step in sorted(frozen.intermediate_values)),
        frozen.duration.total_seconds() if frozen.duration else None,
        frozen.user_attrs.get("error"),
    )


def _short(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
