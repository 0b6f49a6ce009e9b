"""How much of a state variable's old value is in its new one after a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, core, inputs
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf


def decay(build: Callable[[], None]) -> list[float]:
    backend = GraphBackend(as_json(build), "x:0", "y:0")
    assert len(backend.layout.state) == len(backend.decay())
    return [float(value) for value in backend.decay()]


def net(
    update: Callable[[Any, Any], Any], initial: Any = 1.0, use_resource: bool = True
) -> Callable[[], None]:
    """A net with a state variable s that `update(s, x)` updates."""

    def build() -> None:
        x, y = inputs()
        s = tf.get_variable("s", initializer=tf.constant(initial), trainable=False, use_resource=use_resource)
        updated = update(s, x)
        if updated is not None:
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, updated)
        tf.losses.mean_squared_error(y, core.dense(x, 3))

    return build


def test_batch_norm_keeps_its_momentum_and_a_counter_all():
    np.testing.assert_allclose(decay(graphs.batch_norm), [0.99, 0.99, 1], rtol=1e-6)


def _mean(s: Any, x: Any) -> Any:
    return 0.75 * s + 0.25 * tf.reduce_mean(x)


UPDATES = {
    "moving average": (lambda s, x: s.assign(_mean(s, x)), 0.75),
    "moving average, by subtraction": (lambda s, x: s.assign_sub(0.25 * (s - tf.reduce_mean(x))), 0.75),
    "moving average, by addition": (lambda s, x: s.assign_add(0.25 * (tf.reduce_mean(x) - s)), 0.75),
    "sum": (lambda s, x: s.assign_add(tf.reduce_sum(x)), 1),
    "overwritten": (lambda s, x: s.assign(tf.reduce_mean(x)), 0),
    "not updated": (lambda s, x: None, 1),
    "not linear": (lambda s, x: s.assign(tf.sqrt(s) + tf.reduce_mean(x)), 0),
    "by what is fed": (lambda s, x: s.assign(s * tf.reduce_mean(x)), 0),
    "growing": (lambda s, x: s.assign(1.5 * s), 0),
}


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("name", UPDATES)
def test_one_update(name: str, use_resource: bool):
    update, expected = UPDATES[name]
    np.testing.assert_allclose(decay(net(update, use_resource=use_resource)), [expected], rtol=1e-6)


def test_two_updates_in_one_step():
    def twice(s: Any, x: Any) -> Any:
        with tf.control_dependencies([s.assign(_mean(s, x))]):
            return s.assign_sub(0.5 * (s.read_value() - tf.reduce_max(x)))

    np.testing.assert_allclose(decay(net(twice)), [0.375], rtol=1e-6)


def test_elements_that_differ():
    def update(s: Any, x: Any) -> Any:
        return s.assign(s * [0.5, 0.25] + tf.reduce_mean(x))

    assert decay(net(update, [1.0, 1.0])) == [0]


def test_a_momentum_that_depends_on_a_placeholder_with_a_default():
    def update(s: Any, x: Any) -> Any:
        training = tf.placeholder_with_default(True, [], name="training")
        return s.assign(s * tf.where(training, 0.75, 1.0) + tf.reduce_mean(x))

    np.testing.assert_allclose(decay(net(update)), [0.75], rtol=1e-6)


def test_a_variable_that_a_branch_writes():
    def update(s: Any, x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0, lambda: s.assign(_mean(s, x)), lambda: s.assign(_mean(s, -x)))

    assert decay(net(update)) == [0]
