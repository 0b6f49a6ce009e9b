"""The processes that a test has started, and what the kernel says of them."""

from __future__ import annotations

import errno
import os
import random
import re
import socket
from pathlib import Path

from pyspark.sql import SparkSession


def below(root: int) -> list[int]:
    """The descendants of a process."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def connections(port: int, root: int | None = None) -> list[tuple[int, int]]:
    """(pid, descriptor) of each connection to this port that descendants of `root` (this process) hold."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "01" and int(fields[2].rsplit(":", 1)[1], 16) == port:  # established
                inodes.add(f"socket:[{fields[9]}]")
    found = []
    for pid in below(os.getpid() if root is None else root):
        for link in _links(Path(f"/proc/{pid}/fd")):
            try:
                if os.readlink(link) in inodes:
                    found.append((pid, int(link.name)))
            except FileNotFoundError:
                continue  # it was closed meanwhile
    return found


def listening(port: int) -> list[str]:
    """The addresses, as the kernel writes them, on which somebody listens at this port."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.rsplit(":", 1)[1], 16) == port:
                found.append(address.rsplit(":", 1)[0])
    return found


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens now; not of those that the system hands out, as it may hand it out again
    before it is needed."""
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    every = range(10_000, 65_536)
    ports = [port for port in every if not low <= port <= high] or list(every)
    random.shuffle(ports)
    for port in ports:
        try:
            socket.create_server((host, port)).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise LookupError(f"all ports of {host} are taken")


def threads_of_fits(spark: SparkSession) -> list[str]:
    """The names of those of SparkFlow's in the driver's JVM."""
    names = [thread.getName() for thread in spark._jvm.java.lang.Thread.getAllStackTraces().keySet()]
    return [name for name in names if name.startswith("sparkflow")]


def ancestor(pid: int, words: str) -> int:
    """The nearest process above `pid` whose command line has these words."""
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        if words in read(pid, "cmdline").replace("\0", " "):
            return pid
    raise LookupError(f"no process with '{words}' above")


def anonymous(pid: int) -> int:
    """Bytes of memory of its own."""
    found = re.search(r"RssAnon:\s+(\d+)", read(pid, "status"))
    return int(found.group(1)) << 10 if found else 0  # a zombie has none


def read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def _links(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
