"""Lowered graphs that are kept in a process from one fit to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backend.graphs import as_json, core, inputs, shaped
from sparkflow.backend import kept
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf


def net(dropout: bool) -> Callable[[], None]:
    def build() -> None:
        x, y = inputs()
        hidden = core.dense(x, 8, activation=tf.nn.relu)
        if dropout:
            hidden = tf.nn.dropout(hidden, rate=0.5)
        tf.losses.softmax_cross_entropy(y, core.dense(hidden, 3))

    return build


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    kept._graphs.clear()


PLAIN, DRAWING = as_json(net(False)), as_json(net(True))


def graph_of(text: str, **options: Any) -> Any:
    backend = GraphBackend(text, "x:0", "y:0", **options)
    backend.close()
    return backend._lowered.graph


def test_a_graph_that_draws_in_its_initializers_alone_serves_every_seed() -> None:
    assert graph_of(PLAIN, seed=1) is graph_of(PLAIN, seed=2, worker=1, round=3)


def test_a_graph_that_draws_in_a_step_serves_its_own_seed_alone() -> None:
    assert graph_of(DRAWING, seed=1) is graph_of(DRAWING, seed=1)
    assert graph_of(DRAWING, seed=1) is not graph_of(DRAWING, seed=2)
    assert graph_of(DRAWING, seed=2) is not graph_of(DRAWING, seed=2, worker=1)


def test_what_else_a_graph_depends_on_is_told_apart() -> None:
    first = graph_of(PLAIN)
    assert graph_of(DRAWING) is not first
    assert graph_of(PLAIN, regularization_losses=True) is not first
    adam = graph_of(PLAIN, optimizer=("adam", {"learning_rate": 0.1}))
    assert adam is not first
    assert graph_of(PLAIN, optimizer=("adam", {"learning_rate": 0.2})) is not adam


def test_a_few_are_kept() -> None:
    first = graph_of(PLAIN)
    for rate in range(1, 4):
        graph_of(PLAIN, optimizer=("adam", {"learning_rate": 0.1 * rate}))
    assert graph_of(PLAIN) is first  # which is the last used now
    for rate in range(4, 8):
        graph_of(PLAIN, optimizer=("adam", {"learning_rate": 0.1 * rate}))
    assert graph_of(PLAIN) is not first


@pytest.mark.parametrize("optimizer", [None, ("adam", {"learning_rate": 0.1})])
def test_a_second_fit_knows_nothing_of_the_first(optimizer: Any) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(6, 4)).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]

    def fit() -> np.ndarray:
        backend = GraphBackend(DRAWING, "x:0", "y:0", seed=5, optimizer=optimizer)
        weights, state = backend.initial()
        backend.start(weights, state)
        features, label = shaped(backend, x, y)
        if optimizer is None:
            result = np.concatenate(backend.step(weights, features, label)[1])
        else:
            backend.local_step(features, label)
            backend.local_step(features, label)
            result = backend.get().copy()
        backend.close()
        return result

    np.testing.assert_array_equal(fit(), fit())
    assert len(kept._graphs) == 1
