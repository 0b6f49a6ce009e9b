"""What a row of the benchmark is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from benchmark.bench import Bench

# What one repetition measured, in the comparison's unit: ours, theirs.
Sample = tuple[float, float]


class NotAvailable(Exception):
    """A row can't be measured here; the message says why. Shown as such, not as a failure."""


@dataclass(frozen=True)
class Target:
    """What the figure should be, such as ``Target(">=", 0.95)``."""

    sense: Literal[">=", "<="]
    value: float

    def met(self, figure: float) -> bool:
        return figure >= self.value if self.sense == ">=" else figure <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.sense == '>=' else '≤'} {self.value:g}"


@dataclass(frozen=True)
class Comparison:
    """Ours against theirs.

    Attributes
    ----------
    theirs : str
        What ours is compared with.
    unit : str
        Of both sides, such as ``samples/s``.
    target : Target
        For the figure: the median over the repetitions of ours / theirs.
    name : str
        Tells the comparisons of a row apart; empty where there is one.
    difference : bool
        The figure is ours - theirs, in `unit`.
    """

    theirs: str
    unit: str
    target: Target
    name: str = ""
    difference: bool = False

    def figure(self, sample: Sample) -> float:
        ours, theirs = sample
        return ours - theirs if self.difference else ours / theirs


@dataclass(frozen=True)
class Row:
    """One thing that is measured.

    Attributes
    ----------
    name : str
        For ``--only`` and the table.
    title : str
        What ours does.
    comparisons : tuple of Comparison
        At least one.
    samples : callable
        Yields ``bench.repeat`` times one sample for each comparison, the two sides interleaved.
        Warms up both sides before. May raise `NotAvailable`.
    standard : bool
        Whether it is measured when no row is named.
    """

    name: str
    title: str
    comparisons: tuple[Comparison, ...]
    samples: Callable[[Bench], Iterator[tuple[Sample, ...]]]
    standard: bool = True
