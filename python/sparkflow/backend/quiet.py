"""Keeping TensorFlow's start-up chatter off stderr."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# What TensorFlow's C++ logs, with the heads of its own logger and of absl's.
_CHATTER = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IWE]\d{4} \d\d:\d\d:\d+\.\d+ "
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Drop what C++ logs to file descriptor 2 inside the ``with`` block; if the block raises, nothing.

    TensorFlow logs before it reads TF_CPP_MIN_LOG_LEVEL, so only the descriptor itself can be turned away.
    Lines of another form, such as those of other threads, come out when the block ends.
    """
    try:
        saved = os.dup(2)
    except OSError:  # there is no stderr to keep quiet
        yield
        return
    done = False
    with tempfile.TemporaryFile() as caught:
        _flush()
        os.dup2(caught.fileno(), 2)
        try:
            yield
            done = True
        finally:
            _flush()
            os.dup2(saved, 2)
            os.close(saved)
            caught.seek(0)
            for line in caught:
                if not (done and _CHATTER.match(line)):
                    os.write(2, line)


def _flush() -> None:
    # It may be closed, None, or a notebook's object: then nothing of it is on its way to the descriptor.
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
