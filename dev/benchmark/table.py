"""The results as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.result import Compared, Result
from benchmark.spread import Spread

HEAD = ("row", "ours", "theirs", "unit", "ratio", "[min … max]", "target", "met", "noise")


def number(value: float) -> str:
    """Three digits or more, whatever the size: 103,412 and 12.3 and 0.934."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3f}"


def cells(result: Result) -> Iterator[tuple[str, ...]]:
    """One line of the table for each comparison, one that says why where there is none."""
    if result.outcome != "measured":
        yield (result.name, result.outcome, *[""] * (len(HEAD) - 2))
    for compared in result.compared:
        name = f"{result.name} {compared.name}".strip()
        yield (name, *_figures(compared))


def text(results: Sequence[Result]) -> str:
    """The table with aligned columns, and under it what has no figures and why."""
    lines = [HEAD, *(line for result in results for line in cells(result))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    padded = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    ]
    padded.insert(1, "  ".join("-" * width for width in widths))
    reasons = [f"{r.name}: {r.outcome}: {r.why}" for r in results if r.outcome != "measured"]
    legend = [
        "median [min … max] of the repetitions; ratio: ours / theirs of one repetition (Δ: ours - theirs);",
        "noise: (max - min) / median of theirs, which tells how steady the machine was.",
    ]
    return "\n".join(line.rstrip() for line in [*padded, "", *reasons, *legend])


def _figures(compared: Compared) -> tuple[str, ...]:
    noise = compared.theirs.noise
    mark = "Δ " if compared.difference else ""
    return (
        _side(compared.ours),
        _side(compared.theirs),
        compared.unit,
        mark + number(compared.figure.median),
        _range(compared.figure),
        compared.target,
        "yes" if compared.met else "no",
        "" if noise is None else f"{noise:.0%}",
    )


def _side(spread: Spread) -> str:
    return f"{number(spread.median)} {_range(spread)}"


def _range(spread: Spread) -> str:
    return f"[{number(spread.low)} … {number(spread.high)}]"
