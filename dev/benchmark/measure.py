"""Measures rows one after the other, and tells how far it is."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence

from benchmark.bench import Bench
from benchmark.result import Result
from benchmark.row import NotAvailable, Row, Sample
from benchmark.table import number

Say = Callable[[str], None]


def measure(rows: Sequence[Row], bench: Bench, where: dict[str, str], say: Say) -> Iterator[Result]:
    """Yield a result for each row. A row that fails is a result, too, and the others go on."""
    for place, row in enumerate(rows, 1):
        say(f"--- {row.name} ({place} of {len(rows)}): {row.title}")
        begin = time.monotonic()
        try:
            samples = list(_told(row, bench, say))
            result = Result.measured(row, samples, time.monotonic() - begin, where)
        except NotAvailable as reason:
            result = Result(row.name, row.title, "not available", 0.0, where, why=str(reason))
            say(f"    not available: {reason}")
        except Exception as error:  # noqa: BLE001 - whatever a row stumbles on, the others are measured
            seconds = time.monotonic() - begin
            why = f"{type(error).__name__}: {error}".split("\n")[0]
            result = Result(row.name, row.title, "failed", seconds, where, why=why)
            say("".join(traceback.format_exception(error)))
        yield result


def _told(row: Row, bench: Bench, say: Say) -> Iterator[tuple[Sample, ...]]:
    for repetition, samples in enumerate(row.samples(bench), 1):
        for comparison, sample in zip(row.comparisons, samples, strict=True):
            ours, theirs = (number(value) for value in sample)
            say(
                f"    {repetition} of {bench.repeat}  {comparison.name + '  ' if comparison.name else ''}"
                f"ours {ours}  theirs {theirs} {comparison.unit}  "
                f"{'difference' if comparison.difference else 'ratio'} {number(comparison.figure(sample))}"
            )
        yield samples
