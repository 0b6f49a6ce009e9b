"""The most memory that Spark's Python workers of this process have had at once, from /proc."""

from __future__ import annotations

from pathlib import Path

# What Spark calls the process that it forks its Python workers from; the workers go by the same name.
_DAEMON = b"sparkflow.daemon"


def supported() -> bool:
    return Path("/proc/self/clear_refs").exists()


def reset(root: int) -> None:
    """Let the peaks of the workers below the process `root` begin anew from what they have now."""
    for pid in _workers(root):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def largest(root: int) -> int:
    """Bytes: the highest peak of any one worker below the process `root`."""
    return max(_peak(pid) for pid in _workers(root))


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _workers(root: int) -> list[int]:
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
    below = {pid for pid in parents if root in _ancestors(pid, parents) and _is_daemon(pid)}
    return [pid for pid in below if parents[pid] in below]  # the daemon imports TensorFlow, and reads no row


def _is_daemon(pid: int) -> bool:
    file = Path(f"/proc/{pid}/cmdline")
    return file.exists() and _DAEMON in file.read_bytes().split(b"\0")


def _parent(entry: Path) -> int:
    try:
        # pid (name) state parent …; the name may have spaces and brackets in it
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0


def _ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while pid in parents and pid not in found:
        found.add(pid)
        pid = parents[pid]
    return found
