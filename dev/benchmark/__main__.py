"""The command line of dev/bench."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import machine, page, result, table
from benchmark.bench import Bench
from benchmark.measure import measure
from benchmark.row import Row
from benchmark.rows import ROWS

NAMES = [row.name for row in ROWS]


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a row failed; a target that is missed is a figure like any other."""
    options = parser().parse_args(arguments)
    if options.list:
        print(listed())
        return 0
    if options.page:
        for warning in page.write(*options.page):
            print(f"dev/bench: {warning}")
        return 0
    results: list[result.Result] = []
    with Bench(options.repeat) as bench:
        for measured in measure(chosen(options.only), bench, machine.describe(), say):
            results.append(measured)
            if options.json:  # after each row: a run that is broken off keeps what it has
                result.write(options.json, results, NAMES)
    print(f"\n{table.text(results)}")
    return int(any(measured.outcome == "failed" for measured in results))


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="dev/bench",
        description="Measures SparkFlow against bare TensorFlow and plain Spark in turns on this machine.",
        epilog="Without --only: the standard set, 10 to 13 minutes. Leave the machine alone meanwhile.",
    )
    options.add_argument("--only", metavar="NAME", action="append", type=known, help="this row; repeatable")
    options.add_argument("--list", action="store_true", help="name the rows")
    options.add_argument(
        "--json", metavar="FILE", type=Path, help="write the figures; rows not measured now stay as they are"
    )
    options.add_argument(
        "--page",
        nargs=2,
        metavar=("JSON", "MARKDOWN"),
        type=Path,
        help="measure nothing: put the figures of a JSON file into a page such as docs/performance.md",
    )
    options.add_argument(
        "--repeat", metavar="N", type=positive, default=5, help="repetitions; report 5 or more (default: 5)"
    )
    return options


def known(name: str) -> str:
    if name not in NAMES:
        raise argparse.ArgumentTypeError(f"there is no row '{name}'; the rows are {', '.join(NAMES)}")
    return name


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return int(text)


def chosen(names: Sequence[str] | None) -> list[Row]:
    return [row for row in ROWS if (row.name in names if names else row.standard)]


def listed() -> str:
    lines = []
    for row in ROWS:
        lines.append(f"{row.name:<18}{row.title}{'' if row.standard else '  (only when named)'}")
        lines += [f"{'':<18}{c.target} of {c.theirs}" for c in row.comparisons]
    return "\n".join(lines)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
