"""Imports TensorFlow in a new process and tells how long that took: what no fit can be without."""

import json
import time

begin = time.monotonic()
import tensorflow.compat.v1  # noqa: E402, F401

print(json.dumps(time.monotonic() - begin))
