"""Faults need a cluster of processes that can be lost, and a session of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from faults.cluster import Cluster
from processes import free_port


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    if SparkContext._active_spark_context is not None:
        pytest.skip("faults need a process of their own: pytest tests/e2e/faults, as dev/test runs them")
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        session = cluster.session()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture
def port() -> int:
    """A free one."""
    return free_port()
