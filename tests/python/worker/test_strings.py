from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from sparkflow.worker import columns
from sparkflow.worker.batches import Taker
from sparkflow.worker.strings import strings
from worker.packing import FEDS, packed

FED = replace(FEDS[0], dtype="string")
TEXTS = [b"", b"a\0", "dög".encode(), b"\xff\xd8", b"", b"longer than the others"]
PAIRS = [TEXTS[i : i + 2] for i in range(0, 6, 2)]
KINDS = {
    "binary": pa.array(TEXTS, pa.binary()),
    "large": pa.array(TEXTS, pa.large_binary()),
    "lists": pa.array(PAIRS, pa.list_(pa.binary())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_taken_as_objects(kind):
    whole = KINDS[kind]
    expected = np.array(TEXTS, object).reshape(-1, 2 if kind == "lists" else 1)
    column = columns.column(whole, FED)
    assert column.shape == expected.shape
    take = Taker(column, 2)
    for rows in (slice(0, 2), slice(1, 99), slice(2, 2), np.array([2, 0]), np.array([], int)):
        taken = take(rows)
        assert taken.dtype == object and taken.shape == expected[rows].shape
        assert taken.tolist() == expected[rows].tolist()
    part = columns.column(whole[1:], FED)
    assert part[:].tolist() == expected[1:].tolist()
    flags = np.arange(len(expected)) % 2 == 0
    assert column.rows(flags)[:].tolist() == expected[flags].tolist()
    assert part.reshape(len(part), *expected.shape[1:], 1)[:1].shape == (1, *expected.shape[1:], 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [None, 60, 1])
def test_rows_are_the_same_wherever_they_are(tmp_path, kind, limit):
    label = packed(np.arange(len(KINDS[kind])).reshape(-1, 1))
    flags = pa.array([i % 3 == 1 for i in range(len(label))])
    whole = pa.RecordBatch.from_arrays([KINDS[kind], label, flags], ["x", "y", "held"])
    batches = [whole, whole[1:], whole[:0]]
    kept, apart = columns.read_apart(batches, [FED, FEDS[1]], True, columns.Spill(limit, str(tmp_path)))
    expected = [row for batch in batches for row in batch.to_pylist()]
    for (texts, numbers), held in ((kept, False), (apart, True)):
        of = [row for row in expected if row["held"] == held]
        values = [row["x"] if kind == "lists" else [row["x"]] for row in of]
        assert texts[:].tolist() == values
        assert numbers.tolist() == [[np.frombuffer(row["y"], "<f4")[0]] for row in of]
    assert not list(tmp_path.iterdir())


def test_nothing_but_empty_strings_and_no_rows_at_all():
    batch = pa.RecordBatch.from_arrays([pa.array([b"", b""], pa.binary())], ["x"])
    (column,) = columns.read([batch], [FED])
    assert column[:].tolist() == [[b""], [b""]]
    assert len(columns.read([], [FED])[0]) == 0
    assert len(columns.column(batch.column(0)[:0], FED)) == 0


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (pa.array([[b"a"], [b"b", b"c"]]), "features column have different sizes, 1 and 2 values"),
        (pa.array([[], []], pa.list_(pa.binary())), "no strings"),
        (pa.array([b"a", None]), "features column has a null in a batch of 2 rows"),
        (pa.array([[b"a", None]]), "a null"),
        (pa.array([1.0]), "Arrow type double, expected binary"),
    ],
)
def test_what_is_no_column_of_strings(array, words):
    with pytest.raises(ValueError, match=words):
        strings(array, "features")


def test_lists_of_different_lengths_in_two_batches():
    batches = [pa.RecordBatch.from_arrays([pa.array(rows)], ["x"]) for rows in ([[b"a"]], [[b"b", b"c"]])]
    with pytest.raises(ValueError, match="different sizes, 1 and 2 values"):
        columns.read(batches, [FED])
