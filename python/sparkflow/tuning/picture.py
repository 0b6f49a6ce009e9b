"""A search as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparkflow.tuning.result import Search, Trial


def draw(search: "Search", path: Path) -> None:
    """Draws the values by number of the trial, with the best so far, and the curves by iteration."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    ended = [trial for trial in search.trials if trial.value is not None]
    best = search.best.number
    _values(left, ended, search.study.direction.name == "MAXIMIZE")
    for trial in ended:
        steps = range(1, len(trial.curve) + 1)
        chosen = trial.number == best
        right.plot(
            steps,
            trial.curve,
            "-" if trial.state == "complete" else ":",
            color="C0" if chosen else "0.6",
            lw=2 if chosen else 1,
            zorder=3 if chosen else 2,
            label=f"trial {best}, the best" if chosen else None,
        )
    left.set(xlabel="trial", ylabel=search.monitor)
    right.set(xlabel="iteration", ylabel=search.monitor)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110)


def _values(axes: Any, ended: "list[Trial]", maximize: bool) -> None:
    for state, marker in (("complete", "o"), ("pruned", "x")):
        found = [(trial.number, trial.value) for trial in ended if trial.state == state]
        if found:
            axes.plot(
                *zip(*found, strict=True), marker, color="C0" if state == "complete" else "0.6", label=state
            )
    complete = [(t.number, t.value) for t in ended if t.state == "complete" and t.value is not None]
    better = max if maximize else min
    so_far = [better(value for _, value in complete[: i + 1]) for i in range(len(complete))]
    if complete:
        axes.step([number for number, _ in complete], so_far, where="post", color="C1", label="best so far")
