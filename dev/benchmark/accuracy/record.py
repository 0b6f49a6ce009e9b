"""Fits that were measured: plain data, kept as JSON, so that a run that was broken off goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

ALONE = "TensorFlow alone"


@dataclass(frozen=True)
class Fit:
    """One training: `accuracy` in percent of the test images, `seconds` of wall time."""

    case: str
    workers: int
    seed: int
    iterations: int
    accuracy: float
    seconds: float


@dataclass
class Record:
    """All fits of a run; `where` as `benchmark.machine` describes it."""

    path: Path
    where: dict[str, str]
    fits: list[Fit] = field(default_factory=list)

    @classmethod
    def at(cls, path: Path, where: dict[str, str]) -> Record:
        """What the file has of the same commit and machine; else nothing, and the file is replaced."""
        if path.exists():
            kept = cls.read(path)
            if {**kept.where, "day": ""} == {**where, "day": ""}:
                return kept
        return cls(path, where)

    @classmethod
    def read(cls, path: Path) -> Record:
        kept = json.loads(path.read_text())
        return cls(path, kept["where"], [Fit(**fit) for fit in kept["fits"]])

    def add(self, fit: Fit) -> None:
        self.fits.append(fit)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fits = [asdict(fit) for fit in self.fits]
        self.path.write_text(json.dumps({"where": self.where, "fits": fits}, indent=1) + "\n")

    def of(self, case: str, workers: int, iterations: int) -> dict[int, Fit]:
        """By seed."""
        wanted = (case, workers, iterations)
        return {f.seed: f for f in self.fits if (f.case, f.workers, f.iterations) == wanted}

    def first_to(self, percent: float, case: str, workers: int) -> Fit | None:
        """The shortest fit that was good enough."""
        enough = [f for f in self.fits if (f.case, f.workers) == (case, workers) and f.accuracy >= percent]
        return min(enough, key=lambda f: (f.iterations, f.seed), default=None)
