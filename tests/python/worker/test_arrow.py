import numpy as np
import pyarrow as pa
import pytest

from interpreter import run
from sparkflow.worker import arrow
from sparkflow.worker.train import RESULT


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "uint8"])
def test_numbers_are_what_pyarrow_makes_of_them(dtype):
    values = np.arange(5).astype(dtype)
    assert arrow.numbers(values).equals(pa.array(values))
    assert arrow.numbers(values[:0]).equals(pa.array(values[:0]))


@pytest.mark.parametrize("start", [0, 3, 8, 13, 20])
def test_flags_of_a_slice(start):
    values = np.random.default_rng(1).random(20) < 0.5
    assert arrow.flags(pa.array(values).slice(start)).tolist() == values[start:].tolist()


def test_a_row_is_what_pyarrow_makes_of_it():
    for message in (None, "", "größer"):
        values = (3, 1 << 40, 7, message)
        expected = pa.RecordBatch.from_pylist([dict(zip(RESULT.names, values, strict=True))], schema=RESULT)
        assert arrow.row(RESULT, values).equals(expected)


def test_a_worker_does_not_import_pandas():
    code = """
import sys
import numpy as np
import pyarrow as pa
from sparkflow.backend.feed import Fed
from sparkflow.worker import arrow, columns
from sparkflow.worker.train import RESULT

fed = Fed("features", "tfInput", "x:0")
given = columns.packed(np.ones((4, 2)))
apart = pa.Array.from_buffers(pa.bool_(), 4, [None, pa.py_buffer(b"\\x05")])
kept = pa.RecordBatch.from_arrays([given, apart], ["x", "v"])
rows, apart = columns.read_apart([kept], [fed], True)
assert (rows[0].shape, apart[0].shape) == ((2, 4), (2, 4))
columns.doubles(np.ones((3, 1)))
arrow.row(RESULT, (0, 1, 2, "why"))
print("pandas" in sys.modules)
"""
    assert run(code).stdout.strip() == "False"
