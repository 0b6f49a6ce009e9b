"""What a session still holds when it has fitted many times: nothing more than after the first few."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from conftest import oldest_only
from estimators import estimator
from processes import anonymous, below, read

WARM = 10  # fits after which caches, pools and threads that are kept on purpose are there
FITS = 50


@dataclass(frozen=True)
class Held:
    """Of the driver's JVM and the Python workers below it, together."""

    descriptors: int
    threads: int  # of the workers, and those of ours in the driver; Spark has pools that grow
    mappings: int  # of our shared memory
    buffers: int  # bytes of Netty's and Java's native buffers in use
    files: frozenset[str]  # ours, in shared memory
    anonymous: int  # bytes of the workers' own memory


@oldest_only
def test_fifty_fits_leave_no_thread_port_file_segment_or_native_memory(
    spark: SparkSession, gaussians: Callable[..., DataFrame]
) -> None:
    data = gaussians(2)

    def fits(times: int) -> None:
        for number in range(times):
            estimator(iters=1, seed=None, transport="tcp" if number % 2 else "shm").fit(data)

    fits(WARM)
    before = held(spark)
    fits(FITS - WARM)
    after = held(spark)
    data.unpersist()
    assert (before.mappings, before.files) == (0, frozenset())
    # A graph that stays is a megabyte or more, a fit's memory shared with the driver several pages.
    assert after.anonymous - before.anonymous < (FITS - WARM) << 19
    # Less than one a fit: Spark may have let a worker go meanwhile, or begun another.
    assert after.descriptors - before.descriptors < FITS - WARM
    assert after.threads - before.threads < FITS - WARM
    assert after.buffers <= before.buffers
    assert (after.mappings, after.files) == (0, frozenset())


def held(spark: SparkSession) -> Held:
    jvm = spark._jvm
    driver = int(jvm.java.lang.ProcessHandle.current().pid())
    jvm.System.gc()  # buffers that only await their Cleaner are not lost
    workers = below(driver)
    processes = [driver, *workers]
    return Held(
        descriptors=sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes),
        threads=sum(len(os.listdir(f"/proc/{pid}/task")) for pid in workers) + _ours(jvm),
        mappings=sum(read(pid, "maps").count("/dev/shm/sparkflow") for pid in processes),
        buffers=int(jvm.io.netty.util.internal.PlatformDependent.usedDirectMemory()),
        files=frozenset(path.name for path in Path("/dev/shm").glob("sparkflow*")),
        anonymous=sum(anonymous(pid) for pid in workers),
    )


def _ours(jvm: Any) -> int:
    return sum(t.getName().startswith("sparkflow") for t in jvm.Thread.getAllStackTraces().keySet())
