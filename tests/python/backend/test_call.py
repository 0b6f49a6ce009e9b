"""Calls of a session against Session.run, and what would end the process if it got through."""

import threading

import numpy as np
import pytest

from sparkflow.backend.call import Call
from sparkflow.backend.runtime import session, tf
from sparkflow.ps.buffers import aligned


@pytest.fixture(scope="module")
def sess():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.placeholder(tf.float32, [2, 2], name="w")
        words = tf.placeholder(tf.string, [None], name="words")
        count = tf.get_variable("count", [], initializer=tf.zeros_initializer(), use_resource=True)
        tf.identity(tf.matmul(x, w), name="product")
        tf.identity(w, name="same")
        tf.strings.length(words, name="lengths")
        tf.identity(tf.placeholder(tf.float32, name="any"), name="whatever")
        tf.group(count.assign_add(1.0), name="add")
        tf.identity(count, name="counted")
        tf.gather(w, tf.placeholder(tf.int32, [None], name="ids"), name="rows")
        checked = tf.debugging.assert_less(x, 5.0, message="five or more")
        with tf.control_dependencies([checked]):
            tf.identity(x, name="small")
    graph.finalize()
    with session(graph, 1) as opened:
        opened.run(count.initializer)
        yield opened


def test_it_gives_what_run_gives(sess):
    x, w = np.arange(6.0, dtype=np.float32).reshape(3, 2), np.float32([[1, 2], [3, 4]])
    product, same = Call(sess, ["product:0", "same:0"], ["x:0", "w:0"])(x, w)
    np.testing.assert_array_equal(product, sess.run("product:0", {"x:0": x, "w:0": w}))
    np.testing.assert_array_equal(same, w)


def test_operations_are_run_and_bring_nothing(sess):
    before = sess.run("counted:0")
    assert Call(sess, ["add"], [])() == []
    assert sess.run("counted:0") == before + 1


def test_values_become_the_tensor_s_dtype(sess):
    product = Call(sess, ["product:0"], ["x:0", "w:0"])
    (exact,) = product(np.ones((1, 2), np.float64), [[1, 2], [3, 4]])
    assert exact.dtype == np.float32
    np.testing.assert_array_equal(exact, [[4, 6]])
    (lengths,) = Call(sess, ["lengths:0"], ["words:0"])(np.array(["one", "three"]))
    np.testing.assert_array_equal(lengths, [3, 5])


def test_arrays_that_are_not_in_row_order(sess):
    w = np.float32([[1, 2], [3, 4]])
    (same,) = Call(sess, ["same:0"], ["w:0"])(w.T)
    np.testing.assert_array_equal(same, w.T)


@pytest.mark.parametrize("shape", [(2,), (3, 3), (1, 2, 1)])
def test_another_shape_is_an_error(sess, shape):
    with pytest.raises(ValueError, match=r"cannot feed x:0, of shape \[None, 2\], with an array of shape"):
        Call(sess, ["small:0"], ["x:0"])(np.zeros(shape, np.float32))


def test_a_tensor_of_unknown_shape_takes_any(sess):
    for shape in [(), (3,), (2, 1)]:
        assert Call(sess, ["whatever:0"], ["any:0"])(np.zeros(shape))[0].shape == shape


def test_values_of_no_such_dtype_are_an_error(sess):
    with pytest.raises(ValueError, match="could not convert string to float"):
        Call(sess, ["small:0"], ["x:0"])([["a", "b"]])


def test_the_wrong_number_of_arrays_is_an_error(sess):
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        Call(sess, ["product:0"], ["x:0", "w:0"])(np.zeros((1, 2), np.float32))


def test_what_fails_in_the_graph_is_tensorflow_s_error(sess):
    small = Call(sess, ["small:0"], ["x:0"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="five or more"):
        small(np.full((1, 2), 7.0, np.float32))
    small(np.full((1, 2), 1.0, np.float32))


def test_aligned_arrays_are_not_copied(sess):
    w = aligned((2, 2))
    w[:] = 1
    assert np.shares_memory(Call(sess, ["same:0"], ["w:0"])(w)[0], w)


def test_other_threads_run_meanwhile():
    """A worker's signs of life must go out during a long step."""
    graph = tf.Graph()
    inside, answered = threading.Event(), threading.Event()

    def meet() -> np.float32:
        inside.set()
        return np.float32(answered.wait(60))

    with graph.as_default():
        tf.identity(tf.numpy_function(meet, [], tf.float32), name="met")
    other = threading.Thread(target=lambda: inside.wait(60) and answered.set())
    other.start()
    with session(graph, 1) as opened:
        assert Call(opened, ["met:0"], [])() == [1]
    other.join()


def test_a_tensor_may_be_fetched_twice_and_be_fed(sess):
    w = np.float32([[1, 2], [3, 4]])
    same, again, fed = Call(sess, ["same:0", "same:0", "w:0"], ["w:0"])(w)
    for array in (same, again, fed):
        np.testing.assert_array_equal(array, w)


@pytest.mark.parametrize("row", [2, -1])
def test_a_row_that_a_table_does_not_have_is_named(sess, row):
    call = Call(sess, ["rows:0"], ["w:0", "ids:0"])
    with pytest.raises(
        ValueError,
        match=rf"^a batch asks for row {row} of a table \('rows'\), which has rows 0 to 1: renumber",
    ):
        call(np.eye(2), [0, row])
    np.testing.assert_array_equal(call(np.eye(2), [1])[0], [[0, 1]])
