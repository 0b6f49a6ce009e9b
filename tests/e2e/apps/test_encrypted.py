"""A standalone cluster that is told to authenticate and to encrypt."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from faults.cluster import Cluster
from processes import free_port

TIMEOUT = 300  # seconds; it takes about 40
SECRET = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def settings(events: Path) -> dict[str, str]:
    return {
        "spark.authenticate": "true",
        "spark.authenticate.secret": "of this test",
        "spark.master.rest.enabled": "false",  # it knows no secret, and the master insists
        "spark.network.crypto.enabled": "true",
        "spark.io.encryption.enabled": "true",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.compress": "false",
    }


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encrypted")


@pytest.fixture(scope="module")
def seen(logs: Path) -> dict[str, Any]:
    """What the application `encrypted.py` saw; its logs, and those of its executors, are in `logs`."""
    configuration, events = logs / "conf", logs / "events"
    configuration.mkdir()
    events.mkdir()
    lines = [f"{key} {value}" for key, value in settings(events).items()]
    (configuration / "spark-defaults.conf").write_text("\n".join(lines))
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(configuration))
        path = [os.environ.get("PYTHONPATH", ""), str(ROOT / "python"), str(ROOT / "tests" / "e2e")]
        patch.setenv("PYTHONPATH", os.pathsep.join(path))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        with Cluster(logs) as cluster:
            done = subprocess.run(
                [sys.executable, str(Path(__file__).with_name("encrypted.py")), cluster.url, str(port)],
                cwd=logs, capture_output=True, text=True, timeout=TIMEOUT,
            )  # fmt: skip
    (logs / "driver").write_text(done.stderr)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_the_wire_is_tls_of_the_fits_own_certificate(seen: dict[str, Any]) -> None:
    assert seen["version"] == "TLSv1.3"
    assert len(set(seen["certificates"])) == 2, "one for each fit"
    assert "TLS 1.3" in seen["plain"]


def test_both_workers_train_and_predict_over_tcp_and_shared_memory(seen: dict[str, Any]) -> None:
    assert seen["hosts"] == 2
    assert min(seen[transport]["accuracy"] for transport in ("tcp", "auto")) >= 0.86


def test_a_stranger_is_logged_once_and_the_secret_nowhere(seen: dict[str, Any], logs: Path) -> None:
    assert seen["asked"]
    assert seen["pages"] == []
    assert seen["sparks"], "a secret in the environment of a process is found"
    assert seen["processes"] == []
    driver = (logs / "driver").read_text()
    assert len(re.findall("refused /127.0.0.1:", driver)) == 2, "one for each fit"
    files = [path for path in logs.rglob("*") if path.is_file() and path.suffix != ".jar"]
    texts = {path: path.read_text(errors="replace") for path in files}
    assert any("sparkflow_train" in text for text in texts.values()), "the event log is there"
    assert any(path.name == "stderr" for path in files), "the executors' logs are there"
    assert [path for path, text in texts.items() if SECRET.search(text)] == []


def test_rows_are_not_spilled_in_the_clear(seen: dict[str, Any]) -> None:
    assert "spillLimit is 1, but spark.io.encryption.enabled is true" in seen["spill"]
