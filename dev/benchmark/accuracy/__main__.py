"""The command line of ``dev/bench accuracy``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import machine
from benchmark.accuracy import page
from benchmark.accuracy.record import Record
from benchmark.accuracy.run import run


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="dev/bench accuracy", description=__doc__)
    options.add_argument("--seeds", type=int, default=5, help="seeds 1 to N for each case (default: 5)")
    options.add_argument(
        "--json", type=Path, default=Path("target/bench/accuracy.json"), help="goes on from what it has"
    )
    options.add_argument("--page", type=Path, metavar="MARKDOWN", help="measure nothing: write the page")
    args = options.parse_args(arguments)
    if args.page:
        page.write(Record.read(args.json), args.page)
    else:
        run(Record.at(args.json, machine.describe()), args.seeds, lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
