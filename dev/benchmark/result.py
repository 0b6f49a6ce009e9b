"""What is known of a row after it was measured: plain data, kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmark.row import Comparison, Row, Sample
from benchmark.spread import Spread


@dataclass(frozen=True)
class Compared:
    """The figures of one comparison; `target` as text, `ours` and `theirs` in `unit`."""

    name: str
    against: str
    unit: str
    target: str
    difference: bool
    ours: Spread
    theirs: Spread
    figure: Spread
    met: bool

    @classmethod
    def of(cls, comparison: Comparison, samples: Sequence[Sample]) -> Compared:
        figure = Spread.of([comparison.figure(sample) for sample in samples])
        return cls(
            name=comparison.name,
            against=comparison.theirs,
            unit=comparison.unit,
            target=str(comparison.target),
            difference=comparison.difference,
            ours=Spread.of([ours for ours, _ in samples]),
            theirs=Spread.of([theirs for _, theirs in samples]),
            figure=figure,
            met=comparison.target.met(figure.median),
        )


@dataclass(frozen=True)
class Result:
    """A row's outcome.

    Attributes
    ----------
    why : str
        Why there are no figures, where there are none.
    seconds : float
        How long the row took.
    where : dict
        The machine, the versions and the day: see `benchmark.machine`.
    """

    name: str
    title: str
    outcome: Literal["measured", "not available", "failed"]
    seconds: float
    where: dict[str, str]
    repetitions: int = 0
    why: str = ""
    compared: list[Compared] = field(default_factory=list)

    @classmethod
    def measured(
        cls, row: Row, samples: Sequence[tuple[Sample, ...]], seconds: float, where: dict[str, str]
    ) -> Result:
        by_comparison = zip(*samples, strict=True)
        compared = [Compared.of(c, s) for c, s in zip(row.comparisons, by_comparison, strict=True)]
        return cls(row.name, row.title, "measured", seconds, where, len(samples), compared=compared)


def write(path: Path, results: Sequence[Result], order: Sequence[str]) -> None:
    """Write the results; rows that the file has and `results` has not stay, each with its own day and commit.

    `order` is that of the names in the file.
    """
    kept = {result.name: result for result in read(path)} if path.exists() else {}
    kept.update({result.name: result for result in results})
    rows = [asdict(kept[name]) for name in order if name in kept]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rows": rows}, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> list[Result]:
    return [_result(row) for row in json.loads(path.read_text())["rows"]]


def _result(row: dict[str, Any]) -> Result:
    compared = [
        Compared(**{**c, **{side: Spread(**c[side]) for side in ("ours", "theirs", "figure")}})
        for c in row["compared"]
    ]
    return Result(**{**row, "compared": compared})
