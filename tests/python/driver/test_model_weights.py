from types import SimpleNamespace

import numpy as np
import pytest

from sparkflow import model_weights
from sparkflow.backend.layout import Layout, Variable


@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_weights_come_in_parts(count, monkeypatch):
    monkeypatch.setattr(model_weights, "_AT_ONCE", 4)
    values = np.arange(count, dtype="<f4")
    asked = []

    def part(start, size):
        asked.append((start, size))
        return values[start : start + size].tobytes()

    layout = Layout((Variable("w", (count,)),), ())
    got = model_weights.weights_of(SimpleNamespace(weightsBytes=part), layout)
    np.testing.assert_array_equal(got, values)
    assert all(size <= 4 for _, size in asked) and sum(size for _, size in asked) == count
