"""A fresh Python, for what this process has done already or must not do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import sparkflow


def run(
    code: str, *, check: bool = True, without: str = "", arguments: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `code` with the `sparkflow` that is tested, and but for one variable this process' environment."""
    own = {**os.environ, "PYTHONPATH": str(Path(sparkflow.__file__).parents[1])}
    own.pop(without, None)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=check, timeout=120)
