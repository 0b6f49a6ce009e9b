"""Faults, done to the training workers of a fit while it runs.

A fault is a function of the fit's workers, each a pid and the descriptor of its connection to the parameter
server. `At` makes it a loss callback, which strikes at a chosen moment; the workers go on meanwhile, and are
in the middle of a step when they are struck.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from processes import ancestor, connections

Worker = tuple[int, int]
Fault = Callable[[Sequence[Worker]], None]


class At:
    """A loss callback that injects a fault once: when the first worker ends `iteration`.

    Parameters
    ----------
    port : int
        That of the fit's parameter server.
    shared : bool, optional
        Workers share memory with the server: that tells those that train from those that start, which may
        be struck, too, if false.
    """

    def __init__(self, iteration: int, port: int, fault: Fault, shared: bool = True) -> None:
        self.iteration, self._port, self._fault, self._shared = iteration, port, fault, shared
        self._lock = threading.Lock()
        self.struck = 0

    def __call__(self, loss: float, iteration: int, partition: int) -> None:
        with self._lock:
            if iteration < self.iteration or self.struck:
                return
            found = connections(self._port)
            workers = [worker for worker in found if not self._shared or _trains(worker[0])]
            if workers:
                self._fault(workers)
                self.struck += 1


def _trains(pid: int) -> bool:
    """Whether it shares memory with the server, as all do that have come to their first step."""
    return "/dev/shm/sparkflow" in Path(f"/proc/{pid}/maps").read_text()


def kill(workers: Sequence[Worker]) -> None:
    """As the kernel does when memory runs out."""
    os.kill(workers[0][0], signal.SIGKILL)


def kill_executor(workers: Sequence[Worker]) -> None:
    """Its Python workers may live on for a moment, and are struck by nothing else."""
    for pid, _ in workers:
        with suppress(LookupError, ProcessLookupError):
            os.kill(ancestor(pid, "CoarseGrainedExecutorBackend"), signal.SIGKILL)
            return
    raise LookupError("no worker has an executor")


def cut(workers: Sequence[Worker]) -> None:
    """The connection ends, in both directions."""
    with _socket(*workers[0]) as sock:
        sock.shutdown(socket.SHUT_RDWR)


def reset(workers: Sequence[Worker]) -> None:
    """The connection is reset, as by a router that has forgotten it."""
    with _socket(*workers[0]) as sock:
        unspecified = (ctypes.c_ubyte * 16)()  # to connect to AF_UNSPEC aborts a TCP connection
        if _libc.connect(sock.fileno(), unspecified, len(unspecified)) != 0:
            raise OSError(ctypes.get_errno(), "connect to AF_UNSPEC")


def stop(workers: Sequence[Worker]) -> None:
    """The worker stands still, and its connection stays: so does a machine that has lost its network."""
    os.kill(workers[0][0], signal.SIGSTOP)


def stall(seconds: float) -> Fault:
    """The worker stands still for so long."""

    def fault(workers: Sequence[Worker]) -> None:
        stop(workers)
        timer = threading.Timer(seconds, _go_on, [workers[0][0]])
        timer.daemon = True
        timer.start()

    return fault


def _go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


_libc = ctypes.CDLL(None, use_errno=True)
_PIDFD_GETFD = 438  # the system call's number, the same on all of Linux' newer architectures


def _socket(pid: int, descriptor: int) -> socket.socket:
    """Another process' socket, which both hold from now on."""
    process = os.pidfd_open(pid)
    try:
        own = _libc.syscall(_PIDFD_GETFD, process, descriptor, 0)
        if own < 0:
            raise OSError(ctypes.get_errno(), f"no access to the sockets of process {pid}")
        return socket.socket(fileno=own)
    finally:
        os.close(process)
