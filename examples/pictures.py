"""The pictures that the examples leave beside what they print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from pyspark.sql import DataFrame


def classified(path: Path, losses: list[tuple[int, float]], test: DataFrame, accuracy: float) -> None:
    """Loss by iteration, what test images (_c0, predicted, features) were taken for, and eight mistakes."""
    rows = test.select("_c0", "predicted", "features").toPandas()
    truth, guess = rows["_c0"].to_numpy(int), rows["predicted"].to_numpy(int)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (truth, guess), 1)

    figure = plt.figure(figsize=(13, 7), layout="constrained")
    grid = figure.add_gridspec(3, 8)
    curve = figure.add_subplot(grid[:2, :4], title="Training loss", xlabel="iteration")
    by_iteration: dict[int, list[float]] = {}
    for iteration, loss in losses:
        by_iteration.setdefault(iteration + 1, []).append(loss)
    curve.plot(*zip(*((i, np.mean(v)) for i, v in sorted(by_iteration.items())), strict=True), "o-")
    curve.set_yscale("log")
    curve.grid(alpha=0.3, which="both")

    matrix = figure.add_subplot(
        grid[:2, 4:],
        title=f"{len(truth):,} test images: {accuracy:.2%} right",
        xlabel="predicted",
        ylabel="true",
    )
    matrix.imshow(np.log1p(confusion), cmap="Blues")
    for i in range(10):
        for j in range(10):
            color = "white" if i == j else "black"
            matrix.text(j, i, confusion[i, j] or "", ha="center", va="center", size=7, color=color)
    matrix.set_xticks(range(10))
    matrix.set_yticks(range(10))

    for k, i in enumerate(np.flatnonzero(truth != guess)[:8]):
        wrong = figure.add_subplot(grid[2, k])
        _draw(wrong, f"{truth[i]} taken for {guess[i]}", rows["features"][i].toArray())
    _save(figure, path)


def gallery(path: Path, rows: Sequence[Sequence[tuple[str, np.ndarray]]]) -> None:
    """Rows of images, each a title and its pixels: 28 lines, and columns as many as there are."""
    size = (1.6 * len(rows[0]), 1.9 * len(rows))
    figure, axes = plt.subplots(len(rows), len(rows[0]), figsize=size, squeeze=False, layout="constrained")
    for line, row in zip(axes, rows, strict=True):
        for axis, (title, pixels) in zip(line, row, strict=True):
            _draw(axis, title, pixels)
    _save(figure, path)


def _draw(axis: plt.Axes, title: str, pixels: np.ndarray) -> None:
    axis.imshow(pixels.reshape(28, -1), cmap="gray_r", vmin=0, vmax=1)
    axis.set_title(title, size=9)
    axis.axis("off")


def _save(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(f"picture: {path}")
