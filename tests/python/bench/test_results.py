"""From samples to figures, the table, the JSON and the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark import page, result, table
from benchmark.interleaved import interleaved
from benchmark.measure import measure
from benchmark.result import Compared, Result
from benchmark.row import Comparison, NotAvailable, Row, Sample, Target
from benchmark.spread import Spread

NAMES = (
    "day commit cpu cores memory system java python pyspark tensorflow numpy pyarrow"  # as machine.describe
)
WHERE = {name: f"<{name}>" for name in NAMES.split()}
FASTER = Comparison("theirs", "rows/s", Target(">=", 0.95))
SHORTER = Comparison("nothing", "s", Target("<=", 0.5), "later", difference=True)


class FakeBench:
    repeat = 3


def row(name: str, *samples: tuple[Sample, ...], error: Exception | None = None) -> Row:
    def yielded(_bench: Any) -> Iterator[tuple[Sample, ...]]:
        yield from samples
        if error is not None:
            raise error

    return Row(name, f"the {name}", (FASTER, SHORTER), yielded)


def measured(*rows: Row) -> list[Result]:
    return list(measure(rows, FakeBench(), WHERE, lambda line: None))  # type: ignore[arg-type]


GOOD = row("good", ((90.0, 100.0), (0.7, 0.0)), ((120.0, 100.0), (0.4, 0.0)), ((150.0, 150.0), (0.6, 0.0)))


def test_the_ratio_is_that_of_each_repetition_and_not_of_the_medians() -> None:
    compared = Compared.of(FASTER, [(90, 100), (120, 100), (150, 150)])
    assert compared.ours == Spread(120, 90, 150)
    assert compared.theirs == Spread(100, 100, 150)
    assert compared.figure == Spread(1.0, 0.9, 1.2)
    assert compared.met


def test_noise_is_the_range_of_the_baseline() -> None:
    assert Spread.of([100, 100, 150]).noise == pytest.approx(0.5)
    assert Spread.of([0.0, 0.0]).noise is None
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


@pytest.mark.parametrize(
    ("target", "figure", "met"),
    [
        (Target(">=", 0.95), 0.95, True),
        (Target(">=", 0.95), 0.949, False),
        (Target("<=", 2), 2.0, True),
        (Target("<=", 2), 2.01, False),
    ],
)
def test_targets(target: Target, figure: float, met: bool) -> None:
    assert target.met(figure) is met


def test_each_repetition_begins_with_another_side() -> None:
    called: list[str] = []

    def side(name: str, value: float) -> float:
        called.append(name)
        return value

    samples = list(interleaved(3, lambda: side("ours", 1.0), lambda: side("theirs", 2.0)))
    assert samples == [(1.0, 2.0)] * 3
    assert called == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_a_row_that_fails_leaves_the_others_alone() -> None:
    broken = row("broken", ((1.0, 1.0), (1.0, 1.0)), error=RuntimeError("no luck\nat all"))
    results = measured(broken, row("absent", error=NotAvailable("no param")), GOOD)
    assert [r.outcome for r in results] == ["failed", "not available", "measured"]
    assert (results[0].why, results[1].why) == ("RuntimeError: no luck", "no param")
    text = table.text(results)
    assert "broken: failed: RuntimeError: no luck" in text and "absent: not available: no param" in text


def test_the_table_has_a_line_for_each_comparison() -> None:
    head, _, first, second = table.text(measured(GOOD)).splitlines()[:4]
    assert re.split("  +", first) == [
        "good",
        "120 [90.0 … 150]",
        "100 [100 … 150]",
        "rows/s",
        "1.000",
        "[0.900 … 1.200]",
        "≥ 0.95",
        "yes",
        "50%",
    ]
    assert re.split("  +", second)[-5:] == ["s", "Δ 0.600", "[0.400 … 0.700]", "≤ 0.5", "no"]
    assert head.index("target") == first.index("≥") == second.index("≤")


def test_the_file_keeps_rows_that_are_not_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "figures.json"
    old, order = measured(row("other", error=NotAvailable("then")), GOOD), ["good", "other"]
    result.write(file, old, order)
    assert result.read(file) == [old[1], old[0]]
    new = measured(row("other", error=NotAvailable("now")))
    result.write(file, new, order)
    assert result.read(file) == [old[1], new[0]]


def test_the_page_gets_the_figures_and_keeps_the_rest(tmp_path: Path) -> None:
    figures, markdown = tmp_path / "figures.json", tmp_path / "page.md"
    result.write(figures, measured(GOOD, row("bad", error=RuntimeError("no luck"))), ["good", "bad"])
    markdown.write_text(f"# Top\n{page.BEGIN}\nold\n{page.END}\n### good\nThe wire.\n")
    assert page.write(figures, markdown) == [f"{markdown} has no section '### bad'"]
    once = markdown.read_text()
    assert once.startswith("# Top\n") and once.endswith("\n### good\nThe wire.\n") and "old" not in once
    assert "| good later | 0.600 [0.400 … 0.700] |" in once and "`bad`: failed: RuntimeError: no luck" in once
    assert "commit <commit>: <cpu>, <cores> cores" in once
    page.write(figures, markdown)
    assert markdown.read_text() == once


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        page.filled("# Top\n", [])
