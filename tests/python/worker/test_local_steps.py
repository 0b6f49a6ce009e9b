"""Workers that take several steps of their own between two pushes."""

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json
from ps.fake_server import FakeServer
from worker.packing import batch
from worker.training import FEATURES, LABELS, train

LOCAL = {"localSteps": 3, "iters": 4}


def test_local_steps_of_one_worker_are_what_the_server_would_have_done():
    with FakeServer(learning_rate=0.5) as server:
        train(server, iters=4)
    with FakeServer() as local:
        result = train(local, **LOCAL)
    assert result["steps"] == 16
    assert [push.samples for push in local.pushes] == [24, 6] * 4
    assert [push.step for push in local.pushes] == list(range(8))
    assert [report.samples for report in local.reports] == [30] * 4
    np.testing.assert_allclose(local.weights, server.weights, rtol=1e-5, atol=1e-6)
    losses = [[report.loss for report in each.reports] for each in (local, server)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.parametrize("broken", [0, 3, 7])
def test_a_retried_task_goes_on_after_its_last_push_of_local_steps(broken):
    with FakeServer() as whole:
        train(whole, **LOCAL)
    with FakeServer(break_at=broken) as server:
        with pytest.raises(ConnectionError):
            train(server, attempt=1, **LOCAL)
        train(server, attempt=2, **LOCAL)
    np.testing.assert_allclose(server.weights, whole.weights, rtol=1e-5, atol=1e-6)


def test_local_steps_start_from_what_others_have_pushed():
    with FakeServer() as server:
        train(server, **LOCAL)
        moved = server.weights + np.float32(0.5)
        server.weights[:] = moved
        train(server, partition=1, **LOCAL)
    with FakeServer(server.layout, moved) as fresh:
        train(fresh, partition=1, **LOCAL)
    assert np.abs(server.weights - moved).max() > 0
    np.testing.assert_allclose(server.weights, fresh.weights, rtol=1e-5, atol=1e-6)


def test_local_steps_merge_the_state_too():
    with FakeServer() as server:
        train(server, graph=as_json(graphs.batch_norm), **LOCAL)
    assert server.layout.state_views(server.state)[2] == 120
    np.testing.assert_allclose(server.kept[:2], 0.99**4, rtol=1e-6)


def test_a_loss_that_is_no_number_stops_local_steps():
    # Not in the features: on some processors, TensorFlow's fused layers make 0 of a NaN.
    labels = LABELS.copy()
    labels[20] = np.nan
    with FakeServer() as server, pytest.raises(FloatingPointError, match="loss became nan at iteration 0"):
        train(server, [batch(FEATURES, labels)], shufflePerIter=False, **LOCAL)
    assert server.pushes == []
