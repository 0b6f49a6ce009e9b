"""A program that runs beside the benchmark and answers questions: a line in, a line of JSON out."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

# Seconds that an answer may take: far longer than any does, so that nothing waits for ever.
_LIMIT = 600.0


class ChildError(RuntimeError):
    """A program ended, or did not answer; the message has the end of what it wrote to stderr."""


class Child:
    """A module of ours as a process of its own. Ended when the ``with`` block is left.

    Parameters
    ----------
    module : str
        Such as ``benchmark.bare.train``.
    arguments : object
        For its command line, as text.
    """

    def __init__(self, module: str, *arguments: object) -> None:
        self._module = module
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - close() does
        self._process = subprocess.Popen(
            self.command(module, *map(str, arguments)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def command(self, module: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", module, *arguments]

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, question: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as e:
            raise self._error() from e

    def answer(self) -> Any:
        assert self._process.stdout is not None
        alarm = threading.Timer(_LIMIT, self._process.kill)
        alarm.start()
        try:
            line = self._process.stdout.readline()
        finally:
            alarm.cancel()
        if not line:
            raise self._error()
        return json.loads(line)

    def ask(self, question: str) -> Any:
        self.send(question)
        return self.answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        self.close()

    def _error(self) -> ChildError:
        status = self._process.wait(timeout=60)
        self._log.seek(0)
        return ChildError(f"{self._module} ended with status {status}: {self._log.read()[-1000:].strip()}")


def ask_all(children: Sequence[Child], question: str) -> list[Any]:
    """Ask all at the same time; return their answers."""
    for child in children:
        child.send(question)
    return [child.answer() for child in children]
