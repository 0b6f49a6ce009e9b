"""The record as docs/accuracy.md: a table and a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from benchmark.accuracy.case import WORKERS, Case, cases
from benchmark.accuracy.record import ALONE, Fit, Record
from benchmark.accuracy.run import ENOUGH, ITERATIONS
from benchmark.page import filled_between, line

HEAD = (
    "mode",
    "workers",
    "mean",
    "worst",
    "best",
    "below alone",
    "goal",
    "met",
    f"s to {ENOUGH:.0f} %",
    "iterations to it",
)


def write(record: Record, markdown: Path) -> None:
    """Replace the part of the page between the marks, and the picture beside it."""
    markdown.write_text(filled_between(markdown.read_text(), "\n".join(_table(record))))
    draw(record, markdown.with_suffix(".png"))


def _table(record: Record) -> Iterator[str]:
    alone = record.of(ALONE, 1, ITERATIONS)
    yield line(HEAD)
    yield line(["---"] * len(HEAD))
    yield line([ALONE, "1", *_figures(alone), "", "", "", *_first(record, ALONE, 1)])
    for case in cases():
        fits = record.of(case.name, case.workers, ITERATIONS)
        if fits:
            yield line(_cells(record, case, fits, alone))
    w = record.where
    yield ""
    yield (
        f"{w['day']}, commit {w['commit']}: {w['cpu']}, {w['cores']} cores, Spark {w['pyspark']}, "
        f"TensorFlow {w['tensorflow']}; {len(alone)} seeds."
    )


def _cells(record: Record, case: Case, fits: dict[int, Fit], alone: dict[int, Fit]) -> list[str]:
    below = mean(f.accuracy for f in alone.values()) - mean(f.accuracy for f in fits.values())
    met = "yes" if below <= case.goal else "no"
    named = [case.name, str(case.workers), *_figures(fits)]
    return [*named, f"{below:+.2f}", f"≤ {case.goal}", met, *_first(record, case.name, case.workers)]


def _figures(fits: dict[int, Fit]) -> list[str]:
    found = [f.accuracy for f in fits.values()]
    return [f"{value:.2f}" for value in (mean(found), min(found), max(found))]


def _first(record: Record, case: str, workers: int) -> list[str]:
    fit = record.first_to(ENOUGH, case, workers)
    return [f"{fit.seconds:.1f}", str(fit.iterations)] if fit else ["never", ""]


def draw(record: Record, path: Path) -> None:
    """Accuracy by number of workers, a line for each mode, every seed a dot."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    alone = [f.accuracy for f in record.of(ALONE, 1, ITERATIONS).values()]
    axes.axhline(mean(alone), color="black", lw=1, label=ALONE)
    axes.axhspan(min(alone), max(alone), color="black", alpha=0.08)
    names = list(dict.fromkeys(case.name for case in cases()))
    for place, name in enumerate(names):
        seen = {
            c.workers: [f.accuracy for f in record.of(name, c.workers, ITERATIONS).values()]
            for c in cases()
            if c.name == name
        }
        seen = {workers: found for workers, found in seen.items() if found}
        shift = 1 + 0.02 * (place - len(names) / 2)
        color = f"C{place}"
        axes.plot(
            [w * shift for w in seen], [mean(found) for found in seen.values()], "-", color=color, label=name
        )
        for workers, found in seen.items():
            axes.plot([workers * shift] * len(found), found, ".", color=color, alpha=0.6)
    axes.set_xscale("log", base=2)
    axes.set_xticks(WORKERS, [str(w) for w in WORKERS])
    axes.set(xlabel="workers", ylabel="test images right, %", title=f"MNIST after {ITERATIONS} iterations")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
