"""Checkpoints of TensorFlow 1, as `tf.train.Saver` saves them, with their graph."""

from __future__ import annotations

from pathlib import Path

from sparkflow.backend import metagraph
from sparkflow.backend.metagraph import PLACEHOLDERS
from sparkflow.backend.pretrained.opened import Opened, port_of
from sparkflow.backend.values import from_checkpoint


def is_checkpoint(path: Path) -> bool:
    """Whether `path`, which is without extension, has a graph beside it."""
    return Path(f"{path}.meta").is_file()


def read(path: Path) -> Opened:
    """Read it; all tensors keep their names. What its outputs are, a checkpoint does not say."""
    values = from_checkpoint(str(path))
    graph = metagraph.imported(metagraph.parse(values.graph))
    inputs = [op.outputs[0] for op in graph.get_operations() if op.type in PLACEHOLDERS]
    return Opened(values, tuple(map(port_of, inputs)), ())
