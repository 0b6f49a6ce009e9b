"""An application on a cluster that is told to encrypt; tells, as JSON, what a stranger could see of it."""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

from pyspark.errors import IllegalArgumentException
from pyspark.sql import SparkSession

from conftest import JAR, overlapping
from estimators import accuracy, estimator

SECRET = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# What Spark tells its own processes of the same form.
OF_SPARK = ("PYTHON_WORKER_FACTORY_SECRET", "PYSPARK_GATEWAY_SECRET", "_SPARK_AUTH_SECRET")
API = "api/v1/applications/{id}"
PAGES = ("jobs", "stages", "environment", "executors", "SQL",
         f"{API}/environment", f"{API}/sql?details=true", f"{API}/stages?details=true")  # fmt: skip


def processes() -> tuple[list[str], list[str]]:
    """What processes show, arguments and environment, of a secret's form: Spark's, and others."""
    found: tuple[list[str], list[str]] = [], []
    for path in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                parts = (path / name).read_text(errors="replace").split("\0")
            except OSError:
                continue  # it has ended, or is another user's
            for part in filter(SECRET.search, parts):
                found[not part.startswith(OF_SPARK)].append(f"{path}/{name}: {part.split('=')[0]}")
    return found


def pages(spark: SparkSession) -> dict[str, str]:
    context = spark.sparkContext
    texts = {}
    for page in PAGES:
        url = f"{context.uiWebUrl}/{page.format(id=context.applicationId)}"
        with urllib.request.urlopen(url, timeout=30) as response:
            texts[page] = response.read().decode()
    return texts


def plain(port: int) -> str:
    """What the parameter server answers to a peer that speaks no TLS."""
    with socket.create_connection(("127.0.0.1", port), 30) as sock:
        sock.sendall(b"SPKF" + bytes(20))
        return b"".join(iter(lambda: sock.recv(4096), b"")).decode(errors="replace")


def encrypted(port: int) -> dict[str, Any]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 30)) as sock:
        certificate = ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True) or b"")
        return {"version": sock.version(), "certificate": certificate}


def main(master: str, port: int) -> None:
    spark = (
        SparkSession.builder.master(master)
        .config("spark.jars", str(JAR))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executor.memory", "700m")
        .config("spark.ui.port", "0")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    seen: dict[str, Any] = {"certificates": []}

    def look(loss: float, iteration: int, partition: int) -> None:
        if iteration == 0 and partition == 0:
            wire = encrypted(port)
            seen["certificates"].append(wire["certificate"])
            seen["version"], seen["plain"] = wire["version"], plain(port)
            texts = pages(spark)
            seen["pages"] = [page for page, text in texts.items() if SECRET.search(text)]
            seen["asked"] = "sparkflow_train" in texts["SQL"] or "collect" in texts["jobs"]
            seen["sparks"], seen["processes"] = processes()

    data = overlapping(spark).cache()
    for transport in ("tcp", "auto"):
        model = estimator(transport=transport, port=port, loss_callback=look).fit(data)
        seen[transport] = {"accuracy": accuracy(model, data), "received": model.summary.bytesReceived}
    seen["hosts"] = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
    try:
        estimator(spillLimit=1).fit(data)
    except IllegalArgumentException as error:
        seen["spill"] = str(error)
    print(json.dumps(seen))
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
