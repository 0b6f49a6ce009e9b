"""The record of dev/bench accuracy, and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.accuracy import page
from benchmark.accuracy.__main__ import main
from benchmark.accuracy.record import ALONE, Fit, Record
from benchmark.accuracy.run import ITERATIONS
from benchmark.page import BEGIN, END

WHERE = {"commit": "abc", "day": "2026-01-01", "cpu": "c", "cores": "2", "pyspark": "4", "tensorflow": "2"}


def record(tmp_path: Path) -> Record:
    found = Record(tmp_path / "accuracy.json", WHERE)
    for seed, (alone, ours) in enumerate([(98.0, 97.0), (97.0, 96.9)], 1):
        found.add(Fit(ALONE, 1, seed, ITERATIONS, alone, 9.0))
        found.add(Fit("locked", 2, seed, ITERATIONS, ours, 8.0))
    found.add(Fit("locked", 2, 1, 3, 97.5, 2.5))
    return found


def test_a_run_goes_on_with_the_same_code_alone(tmp_path: Path) -> None:
    fits = record(tmp_path).fits
    path = tmp_path / "accuracy.json"
    assert Record.at(path, {**WHERE, "day": "2026-01-02"}).fits == fits
    assert Record.at(path, {**WHERE, "commit": "abd"}).fits == []


def test_the_page_has_means_worst_and_difference(tmp_path: Path) -> None:
    record(tmp_path)
    markdown = tmp_path / "accuracy.md"
    markdown.write_text(f"before\n{BEGIN}\nold\n{END}\nafter")
    assert main(["--json", str(tmp_path / "accuracy.json"), "--page", str(markdown)]) == 0
    text = markdown.read_text()
    assert "| locked | 2 | 96.95 | 96.90 | 97.00 | +0.55 | ≤ 0.5 | no | 2.5 | 3 |" in text
    assert f"| {ALONE} | 1 | 97.50 | 97.00 | 98.00 |" in text and "old" not in text
    assert "| locked | 4" not in text
    assert markdown.with_suffix(".png").stat().st_size > 10_000


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    markdown = tmp_path / "accuracy.md"
    markdown.write_text("by hand")
    with pytest.raises(ValueError, match="needs the lines"):
        page.write(record(tmp_path), markdown)
    assert markdown.read_text() == "by hand"
