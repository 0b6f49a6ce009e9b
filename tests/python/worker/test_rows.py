import gc
import os
import re
from pathlib import Path

import numpy as np
import pytest

from sparkflow.worker import columns
from sparkflow.worker import rows as rows_module
from sparkflow.worker.rows import Rows, Spill
from worker.packing import FEDS, batch

MATRIX = np.random.default_rng(0).standard_normal((5000, 100)).astype(np.float32)
LABEL = MATRIX[:, :1].copy()


def batches(size=700):
    for start in range(0, len(MATRIX), size):
        yield batch(MATRIX[start : start + size], LABEL[start : start + size])


def status(field):
    return int(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def mapped(folder):
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if str(folder) in line]


def read(limit, folder):
    return columns.read(batches(), FEDS, Spill(limit, str(folder)))


@pytest.mark.parametrize("limit", [None, 10**9, 1_500_000, 30_000, 1])
def test_rows_are_the_same_wherever_they_are(tmp_path, limit):
    features, label = read(limit, tmp_path)
    np.testing.assert_array_equal(features, MATRIX)
    np.testing.assert_array_equal(label, LABEL)
    assert features.ctypes.data % 64 == 0
    assert features.flags.c_contiguous


def test_without_a_limit_no_file_is_made(tmp_path):
    both = read(None, tmp_path)
    assert not mapped(tmp_path)
    assert len(both) == 2


def test_the_limit_is_on_all_columns_together_and_the_largest_goes_first(tmp_path):
    total = MATRIX.nbytes + LABEL.nbytes
    assert not [m for m in read(total, tmp_path) if not m.flags.writeable]
    features, label = read(total - 1, tmp_path)
    assert (features.flags.writeable, label.flags.writeable) == (False, True)
    features, label = read(LABEL.nbytes - 1, tmp_path)
    assert (features.flags.writeable, label.flags.writeable) == (False, False)


def test_a_file_has_no_name_and_ends_with_its_rows(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    both = read(1, tmp_path)
    assert len(mapped(tmp_path)) == 2
    assert not list(tmp_path.iterdir())
    del both
    gc.collect()
    assert not mapped(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_grows_where_the_system_can_not_move_it(monkeypatch):
    class Fixed(rows_module.mmap.mmap):
        def resize(self, size):
            if size > len(self):
                raise SystemError("mmap: resizing not available--no mremap()")
            super().resize(size)

    monkeypatch.setattr(rows_module.mmap, "mmap", Fixed)
    np.testing.assert_array_equal(read(None, "")[0], MATRIX)


def test_memory_is_one_copy_of_the_rows():
    part = np.ones((1000, 1000), np.float32)  # 4 MB
    rows = Rows("features")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = status("VmRSS")
    for _ in range(100):
        rows.add(part)
    matrix = rows.array()
    assert matrix.shape == (100_000, 1000)
    assert status("VmHWM") - before < 1.05 * matrix.nbytes


def test_a_directory_that_is_missing_is_named_with_the_remedy(tmp_path):
    with pytest.raises(
        OSError, match=r"\d+ bytes of the features column.*'.*/gone' \(No such file.*spillDir"
    ):
        read(1, tmp_path / "gone")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_named_with_bytes_and_remedy(tmp_path, monkeypatch):
    full = Path("/dev/full").open("wb")  # noqa: SIM115 - closed by what it is given to
    monkeypatch.setattr(rows_module.tempfile, "TemporaryFile", lambda dir: full)
    words = rf"\d+ bytes of the features column .*'{tmp_path}' \(No space left on device\): free space"
    with pytest.raises(OSError, match=words):
        read(1, tmp_path)


def test_the_directory_is_spark_s_own_unless_one_is_named(monkeypatch):
    monkeypatch.setenv("SPARK_LOCAL_DIRS", "/one,/two")
    assert Spill().directory() == "/one"
    assert Spill(folder="/mine").directory() == "/mine"
    monkeypatch.delenv("SPARK_LOCAL_DIRS")
    assert Spill().directory() == rows_module.tempfile.gettempdir()
