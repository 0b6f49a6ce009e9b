"""The command line of dev/bench."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.__main__ import NAMES, chosen, main

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--only", "train-hogwild-2", "--only", "nope"],
            "there is no row 'nope'; the rows are train-hogwild-2, ",
        ),
        (["--repeat", "0"], "expected a whole number from 1, got '0'"),
        (["--repeat", "many"], "expected a whole number from 1, got 'many'"),
    ],
)
def test_what_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert message in capsys.readouterr().err


def test_the_list_names_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert listed == NAMES and len(set(NAMES)) == len(NAMES)


def test_rows_that_take_long_are_measured_only_when_named() -> None:
    assert "model-100m" not in [row.name for row in chosen(None)]
    assert [row.name for row in chosen(["model-100m"])] == ["model-100m"]


def test_the_page_has_a_section_on_every_row() -> None:
    headings = re.findall(r"^### (\S+)$", (ROOT / "docs" / "performance.md").read_text(), re.MULTILINE)
    assert headings == NAMES
