"""The user's own function over each mini-batch."""

import numpy as np
import pytest

from ps.fake_server import FakeServer
from sparkflow.transform_check import check_transform
from sparkflow.worker.transform import Transform
from worker.packing import batch
from worker.training import FEATURES, LABELS, data, train


def test_it_is_what_the_model_is_trained_on():
    with FakeServer() as plain, FakeServer() as doubled:
        train(plain, [batch(2 * FEATURES, LABELS)])
        train(doubled, [batch(FEATURES, LABELS)], transformFn="worker.augment.doubled")
    np.testing.assert_array_equal(doubled.weights, plain.weights)


@pytest.mark.parametrize("broken", [0, 5, 9])
@pytest.mark.parametrize("size", [8, -1])
def test_a_retried_task_draws_the_same_and_the_data_stay_as_they_are(broken, size):
    changes = {"transformFn": "worker.augment.noisy", "iters": 10, "miniBatchSize": size}
    with FakeServer() as whole:
        train(whole, **changes)
    with FakeServer(break_at=broken) as server:
        with pytest.raises(ConnectionError):
            train(server, attempt=1, **changes)
        train(server, attempt=2, **changes)
    np.testing.assert_array_equal(server.weights, whole.weights)


def drawn(seed, iteration, step):
    transform = Transform("worker.augment.noisy", True, seed)
    return transform([np.zeros((2, 3), np.float32), np.ones((2, 1), np.float32)], iteration, step)[0]


def test_each_mini_batch_draws_its_own():
    keys = [([7, 0, 0], 1, 2), ([7, 0, 1], 1, 2), ([7, 1, 0], 1, 2), ([8, 0, 0], 1, 2), ([7, 0, 0], 2, 2),
            ([7, 0, 0], 1, 3), ([-7, 0, 0], 1, 2)]  # fmt: skip
    draws = [drawn(*key) for key in keys]
    np.testing.assert_array_equal(draws[0], drawn(*keys[0]))
    assert len({part.tobytes() for part in draws}) == len(keys)


def test_the_weight_of_a_row_is_left_alone():
    weight = np.ones((2, 1), np.float32)
    transform = Transform("worker.augment.doubled", False, [1])
    found = transform([np.ones((2, 3), np.float32), weight], 0, 0)
    assert found[0].max() == 2
    assert found[1] is weight


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("short", "short' returned float32 of shape .7, 4. for the features, expected .* shape .8, 4."),
        ("alone", "alone' returned float32 of shape .8, 4., expected a tuple"),
        ("broken", "broken' raised KeyError: 'no such thing'"),
        ("number", "number': module 'worker.augment' .* has no function 'number'"),
        ("missing", "missing': module 'worker.augment' .* has no 'missing'"),
    ],
)
def test_what_goes_wrong_names_the_function(name, words):
    with FakeServer() as server, pytest.raises(ValueError, match=f"transformFn 'worker.augment.{words}"):
        train(server, data(), shufflePerIter=False, transformFn=f"worker.augment.{name}")
    assert server.pushes == []


def test_another_dtype_is_refused():
    transform = Transform("worker.augment.wide", False, [1])
    with pytest.raises(ValueError, match="returned float64 of shape .2, 3. for the features, .* float32"):
        transform([np.ones((2, 3), np.float32)], 0, 0)


def test_a_module_that_is_nowhere():
    with pytest.raises(ValueError, match=r"cannot be imported by the workers.*no_such_module.*--py-files"):
        Transform("no_such_module.flip", True, [1])


def test_what_the_driver_can_tell():
    check_transform(None)
    check_transform("worker.augment.noisy")
    check_transform("no_such_module.flip")  # it may be where the workers are
    check_transform("no_such_package.module.flip")
    with pytest.raises(ValueError, match="module 'worker.augment' .* has no function 'nosy'"):
        check_transform("worker.augment.nosy")
    with pytest.raises(ValueError, match="workers cannot import the script that runs here"):
        check_transform("__main__.flip")
