"""The table of features names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_each_test_that_is_named_exists():
    named = re.findall(r"`(tests/[^`:]+)(?:::(\w+))?`", (ROOT / "docs" / "features.md").read_text())
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or (name and f"def {name}(" not in (ROOT / path).read_text())
    ]
    assert missing == []


def test_each_line_names_one():
    lines = [
        line for line in (ROOT / "docs" / "features.md").read_text().splitlines() if line.startswith("| ")
    ]
    rows = [line for line in lines if line != "| feature | with | test |"]
    assert [line for line in rows if "`tests/" not in line] == []
