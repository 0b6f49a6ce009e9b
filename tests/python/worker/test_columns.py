from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from sparkflow.worker import columns
from worker.packing import FEDS, batch, packed

MATRIX = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)


def test_a_packed_column_is_a_view():
    array = packed(MATRIX)
    view = columns.matrix(array, "features")
    np.testing.assert_array_equal(view, MATRIX)
    assert view.ctypes.data == array.buffers()[2].address


def test_a_slice_of_a_column_and_large_binary():
    np.testing.assert_array_equal(columns.matrix(packed(MATRIX)[3:7], "features"), MATRIX[3:7])
    large = packed(MATRIX).cast(pa.large_binary())[2:]
    np.testing.assert_array_equal(columns.matrix(large, "features"), MATRIX[2:])
    assert columns.matrix(packed(MATRIX)[:0], "features").shape[0] == 0


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int64", [2**40 + 1, -(2**63)]),
        ("int32", [-1, 2**31 - 1]),
        ("uint8", [0, 255]),
        ("bool", [True, False]),
        ("float64", [0.1, 1e300]),
        ("uint16", [65535, 0]),
    ],
)
def test_a_column_of_each_dtype_is_a_view_and_is_kept_so(tmp_path, dtype, values):
    array = packed(np.array([values] * 3), dtype)
    fed = replace(FEDS[0], dtype=dtype)
    view = columns.column(array, fed)
    assert view.dtype == np.dtype(dtype) and view.tolist() == [values] * 3
    assert view.ctypes.data == array.buffers()[2].address
    batches = [pa.RecordBatch.from_pydict({"x": array})] * 2
    for limit in (None, 1):
        (kept,) = columns.read(batches, [fed], columns.Spill(limit, str(tmp_path)))
        assert kept.dtype == np.dtype(dtype) and kept.tolist() == [values] * 6


def test_a_null_row_names_column_and_remedy():
    array = pa.array([MATRIX[0].tobytes(), None], pa.binary())
    with pytest.raises(ValueError, match=r"label column \(labelCol\) has 1 null rows.*na.drop"):
        columns.matrix(array, "label")
    assert columns.matrix(array[:1], "label").shape == (1, 3)


@pytest.mark.parametrize("sizes", [(3, 2), (2, 3), (3, 3, 0), (3, 4, 3)])
def test_rows_of_different_sizes(sizes):
    array = pa.array([np.ones(k, np.float32).tobytes() for k in sizes], pa.binary())
    other = next(k for k in sizes if k != sizes[0])
    with pytest.raises(
        ValueError, match=f"features column have different sizes, {sizes[0]} and {other} values"
    ):
        columns.matrix(array, "features")


def test_rows_of_different_sizes_in_two_batches():
    with pytest.raises(ValueError, match="different sizes, 3 and 2 values"):
        columns.read([batch(MATRIX), batch(MATRIX[:, :2])], FEDS[:1])


def test_rows_without_values_and_other_types():
    with pytest.raises(ValueError, match="0 bytes"):
        columns.matrix(pa.array([b"", b""], pa.binary()), "features")
    with pytest.raises(ValueError, match="5 bytes"):
        columns.matrix(pa.array([b"12345"], pa.binary()), "features")
    with pytest.raises(ValueError, match="Arrow type double"):
        columns.matrix(pa.array([1.0]), "features")


def test_batches_are_joined_and_empty_ones_skipped():
    label = MATRIX[:, :1]
    parts = [batch(MATRIX[a:b], label[a:b]) for a, b in ((0, 4), (4, 4), (4, 10))]
    features, labels = columns.read(iter(parts), FEDS)
    np.testing.assert_array_equal(features, MATRIX)
    np.testing.assert_array_equal(labels, label)
    assert features.ctypes.data % 64 == 0
    assert [len(m) for m in columns.read([], FEDS)] == [0, 0]


def test_outputs_become_doubles_and_packed_vectors():
    values = np.random.default_rng(1).random((4, 3))
    assert columns.doubles(values[:, :1]).to_pylist() == values[:, 0].tolist()
    array = columns.packed(values)
    array.validate(full=True)
    assert array.type == pa.binary()
    assert [np.frombuffer(row, "<f8").tolist() for row in array.to_pylist()] == values.tolist()
    assert len(columns.packed(np.empty((0, 1)))) == 0


def test_outputs_beyond_an_arrow_column_name_the_setting():
    huge = np.broadcast_to(np.float64(0), (1 << 16, 1 << 13))
    with pytest.raises(ValueError, match="maxRecordsPerBatch"):
        columns.packed(huge)
