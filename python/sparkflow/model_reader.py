"""Reads a saved model without Spark; docs/persistence.md is the format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sparkflow import __version__
from sparkflow.backend.layout import Layout

FORMAT = 1
CLASS = "sparkflow.ml.SparkAsyncDLModel"
# All of a model's params. Another was added by a newer SparkFlow, and may change what is computed.
PARAMS = frozenset(
    [
        "inputCol",
        "tfInput",
        "predictionCol",
        "tfOutput",
        "tfDropout",
        "toKeepDropout",
        "inferenceBatchSize",
        "rawPredictionCol",
        "probabilityCol",
        "thresholds",
        "fromLogits",
        "inputCols",
        "tfInputs",
        "outputCols",
        "tfOutputs",
    ]
)
_RESTORE = "copy the whole saved model from its source again, or save the model anew"


@dataclass(frozen=True)
class ModelContent:
    """Attributes
    ----------
    graph : str
        MetaGraphDef as JSON text.
    layout : Layout
    weights : numpy.ndarray
        float32, one dimension.
    state : bytes
    params : mapping
        Values by name, defaults among them; those that are not set are missing.
    """

    graph: str
    layout: Layout
    weights: np.ndarray
    state: bytes
    params: Mapping[str, Any]


def read_model(directory: Path) -> ModelContent:
    """Read a ``SparkAsyncDLModel`` that was saved from Scala or Python.

    Raises
    ------
    FileNotFoundError
        There is no saved model, or a file of it is missing.
    ValueError
        It is another stage, of a newer SparkFlow, or not what was saved: each byte is held to a checksum.
    """
    params = _params(directory)
    data = directory / "data"
    listed = _read(data / "manifest.json")
    manifest = _manifest(listed, data / "manifest.json")
    layout = Layout.from_json(json.dumps(manifest["layout"]))
    for name, size in (("weights.bin", 4 * layout.weight_count), ("state.bin", layout.state_bytes)):
        if manifest["files"][name]["bytes"] != size:
            raise ValueError(
                f"the layout in {data / 'manifest.json'} takes {size} bytes of {name}, which has "
                f"{manifest['files'][name]['bytes']}: the manifest belongs to another model or was altered; "
                f"{_RESTORE}"
            )
    contents = {
        name: _checked(data / name, manifest["files"][name])
        for name in ("graph.json", "weights.bin", "state.bin")
    }
    seal = data / "manifest.sha256"
    if seal.exists() and hashlib.sha256(listed).hexdigest() != seal.read_text("ascii", "replace"):
        raise _altered(data / "manifest.json")
    if "metadata" in manifest and _entry(_metadata(directory)) != manifest["metadata"]:
        raise _altered(directory / "metadata")
    return ModelContent(
        contents["graph.json"].decode("utf-8"),
        layout,
        np.frombuffer(contents["weights.bin"], "<f4"),
        contents["state.bin"],
        params,
    )


def _params(directory: Path) -> dict[str, Any]:
    if not (directory / "metadata").is_dir():
        raise FileNotFoundError(
            f"{directory / 'metadata'} is missing: there is no saved model at {directory}; give the "
            "directory that save was given"
        )
    try:
        metadata = json.loads(_metadata(directory))
        found, params = metadata["class"], {**metadata["defaultParamMap"], **metadata["paramMap"]}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{directory / 'metadata'} is damaged ({error!r}): {_RESTORE}") from error
    if found != CLASS:
        inside = [stage for stage in _stages(directory) if _class_of(stage) == CLASS]
        hint = f": it has one in {inside[-1]}, which takes what its other stages make" if inside else ""
        raise ValueError(f"at {directory} is a {found}, expected a {CLASS}{hint}")
    unknown = sorted(set(params) - PARAMS)
    if unknown:
        raise ValueError(
            f"{directory / 'metadata'} has params that SparkFlow {__version__} does not know "
            f"({', '.join(unknown)}): it was written by a newer SparkFlow; load it with that version"
        )
    return params


def _stages(pipeline: Path) -> list[Path]:
    """Return the folders of its stages, in their order, which is in front of their names."""

    def place(stage: Path) -> tuple[int, str]:
        return len(stage.name.partition("_")[0]), stage.name

    return sorted(pipeline.glob("stages/*"), key=place)


def _class_of(stage: Path) -> str | None:
    try:
        return str(json.loads(_metadata(stage))["class"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _metadata(directory: Path) -> bytes:
    parts = sorted(file for file in (directory / "metadata").iterdir() if file.name[0] not in "_.")
    return b"".join(file.read_bytes() for file in parts)


def _manifest(content: bytes, where: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
        version = manifest["formatVersion"]
        if version == FORMAT:
            entries = [manifest["files"][name] for name in ("graph.json", "weights.bin", "state.bin")]
            Layout.from_json(json.dumps(manifest["layout"]))
            if not all(isinstance(e["bytes"], int) and isinstance(e["sha256"], str) for e in entries):
                raise ValueError("an entry of files has no bytes or no sha256")
            return manifest
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{where} is not a manifest of format {FORMAT} ({error!r}): {_RESTORE}") from error
    raise ValueError(
        f"{where} has formatVersion {version!r}, and SparkFlow {__version__} reads {FORMAT}: load it with "
        f"SparkFlow {manifest.get('sparkflowVersion')}, which wrote it, or a newer one"
    )


def _checked(file: Path, entry: Mapping[str, Any]) -> bytes:
    content = _read(file)
    if len(content) != entry["bytes"]:
        raise ValueError(
            f"{file} has {len(content)} bytes, but manifest.json says {entry['bytes']}: it was cut or "
            f"altered; {_RESTORE}"
        )
    if hashlib.sha256(content).hexdigest() != entry["sha256"].lower():
        raise _altered(file)
    return content


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: {_RESTORE}")
    return file.read_bytes()


def _entry(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _altered(what: Path) -> ValueError:
    return ValueError(
        f"{what} was altered since it was saved, its SHA-256 is not the one recorded: {_RESTORE}"
    )
