"""Where figures come from: what must be known of a machine to compare them."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]


def describe() -> dict[str, str]:
    """The machine, the versions, the day and the commit, each as text."""
    return {
        "day": datetime.date.today().isoformat(),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "java": _java(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("pyspark", "tensorflow", "numpy", "pyarrow")},
    }


def _commit() -> str:
    """The last commit that changed what is measured, with a + where it is changed since."""
    git, product = ["git", "-C", str(ROOT)], ["--", "python/sparkflow", "scala"]
    last = _said([*git, "log", "-1", "--format=%h", *product]) or "unknown"
    return last + ("+" if _said([*git, "status", "--porcelain", *product]) else "")


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    said = _said([str(Path(home, "bin", "java")) if home else "java", "-version"])
    return said.split('"')[1] if '"' in said else "unknown"


def _said(command: list[str]) -> str:
    """What a program prints; nothing if there is no such program or it fails."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (ran.stdout or ran.stderr).strip()
