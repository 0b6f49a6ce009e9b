"""A fitted model in one piece of bytes, as it is broadcast to the workers.

A little-endian u32 (length of the header), the header, JSON: `{"layout": …, "graph": [offset, length],
"weights": …, "state": …}`, then the three sections; offsets and lengths are in bytes, counted from the end of
the header.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from sparkflow.backend.layout import Layout


@dataclass(frozen=True)
class ModelBlob:
    """Attributes
    ----------
    layout : Layout
    graph : str
        MetaGraphDef as JSON text.
    weights : numpy.ndarray
        float32, one dimension; a view of the blob.
    state : memoryview
        A view of the blob.
    """

    layout: Layout
    graph: str
    weights: np.ndarray
    state: memoryview

    @classmethod
    def parse(cls, data: bytes) -> ModelBlob:
        """Read it; raises ValueError if it is cut or no model."""
        view = memoryview(data)
        start = 4 + int.from_bytes(view[:4], "little")
        if len(view) < start or start == 4:
            raise ValueError(f"the model has {len(view)} bytes, its header alone takes {start}")
        header = json.loads(bytes(view[4:start]))

        def section(name: str) -> memoryview:
            offset, length = header[name]
            found = view[start + offset : start + offset + length]
            if len(found) != length:
                raise ValueError(
                    f"the model is cut: section {name} has {len(found)} bytes, expected {length}"
                )
            return found

        return cls(
            Layout.from_json(json.dumps(header["layout"])),
            str(section("graph"), "utf-8"),
            np.frombuffer(section("weights"), "<f4"),
            section("state"),
        )
