"""Median, smallest and largest of some measurements."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if not values:
            raise ValueError("there is nothing to take the median of")
        return cls(statistics.median(values), min(values), max(values))

    @property
    def noise(self) -> float | None:
        """(largest - smallest) / median: of a baseline, how steady the machine was. None if that is 0."""
        return (self.high - self.low) / self.median if self.median else None
