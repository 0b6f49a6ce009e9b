"""Arrow batches as the JVM packs them, and the JSON that it sends."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

import sparkflow
from sparkflow.backend.feed import Fed

FEATURES = {"name": "features", "param": "tfInput", "tensor": "x:0"}
LABEL = {"name": "label", "param": "tfLabel", "tensor": "y:0"}
FEDS = [Fed(**FEATURES), Fed(**LABEL)]


def packed(matrix: np.ndarray, dtype: str = "<f4") -> Any:
    return pa.array([row.tobytes() for row in np.asarray(matrix, dtype)], pa.binary())


def batch(features: np.ndarray, label: np.ndarray | None = None) -> Any:
    columns = {"features": packed(features)}
    if label is not None:
        columns["label"] = packed(label)
    return pa.RecordBatch.from_pydict(columns)


def train_spec(server: Any, graph: str, **changes: Any) -> str:
    spec = {
        "version": sparkflow.__version__,
        "server": {
            "host": "127.0.0.1",
            "port": server.port if server else 1,
            "secret": bytes(range(32)).hex(),
            "certificate": None,
        },
        "round": 0,
        "graph": graph,
        "inputs": [FEATURES],
        "labels": [LABEL],
        "regularizationLosses": False,
        "iters": 4,
        "miniBatchSize": 8,
        "miniStochasticIters": -1,
        "shufflePerIter": True,
        "seed": 42,
        "threads": 1,
        "workerTimeout": 30,
        "transport": "auto",
        "localSteps": 1,
        "compression": "none",
        "sparseTables": True,
        "tfSampleWeight": None,
        "validation": False,
        "dropout": 0.0,
        "gradient": {"accumulation": 1, "clip": {}},
        "weightColumn": bool(changes.get("tfSampleWeight")),
        "classWeights": {},
        "transformFn": None,
        "twoClasses": False,
        "tfMetrics": {},
        "tfOutputs": [],
        "segment": 0,
        "optimizer": {"name": "gradient_descent", "options": {"learning_rate": 0.5}},
    }
    return json.dumps(spec | changes)
