"""Puts figures into docs/performance.md; what people wrote there stays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark import result, table
from benchmark.result import Result

BEGIN, END = "<!-- figures: dev/bench writes this part -->", "<!-- end of the figures -->"


def write(figures: Path, markdown: Path) -> list[str]:
    """Replace the part between the marks; return a warning for each row that the page has no section on.

    Raises
    ------
    ValueError
        The page has not both marks.
    """
    results = result.read(figures)
    page = markdown.read_text()
    markdown.write_text(filled(page, results))
    return [f"{markdown} has no section '### {name}'" for name in unexplained(page, results)]


def filled(page: str, results: Sequence[Result]) -> str:
    return filled_between(page, _tables(results))


def filled_between(page: str, figures: str) -> str:
    """The page with other figures between the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines {BEGIN} and {END} for the figures to go between")
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def unexplained(page: str, results: Sequence[Result]) -> list[str]:
    """The rows without a hand-written section on what limits them."""
    headings = {line[4:].strip() for line in page.splitlines() if line.startswith("### ")}
    return [row.name for row in results if row.name not in headings]


def _tables(results: Sequence[Result]) -> str:
    lines = [line(table.HEAD), line(["---"] * len(table.HEAD))]
    lines += [line(cells) for row in results for cells in table.cells(row)]
    reasons = [f"- `{row.name}`: {row.outcome}: {row.why}" for row in results if row.outcome != "measured"]
    return "\n".join([*lines, "", *reasons, *([""] if reasons else []), *_where(results)])


def _where(results: Sequence[Result]) -> list[str]:
    """One line for each set of circumstances: rows may have been measured on different days."""
    rows: dict[str, list[str]] = {}
    for row in results:
        w = row.where
        words = (
            f"{w['day']}, commit {w['commit']}: {w['cpu']}, {w['cores']} cores, {w['memory']}, "
            f"{w['system']}; Java {w['java']}, Python {w['python']}, Spark {w['pyspark']}, "
            f"TensorFlow {w['tensorflow']}, NumPy {w['numpy']}, PyArrow {w['pyarrow']}"
        )
        times = f", {row.repetitions} repetitions" if row.repetitions else ""
        rows.setdefault(words + times, []).append(f"`{row.name}`")
    return [f"- {words}. {', '.join(names)}" for words, names in rows.items()]


def line(cells: Sequence[str]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"
