"""The call into the JVM, with a JVM of straw."""

import _thread
import signal
import threading

import pytest
from pyspark.sql import DataFrame

from sparkflow import fit as module
from sparkflow.fit import fit


class Context:
    """Counts the tags; ends the call that it is told to cancel."""

    def __init__(self):
        self.tags, self.cancelled, self.end = [], [], threading.Event()
        self._jsc = object()  # None once Spark is stopped

    def addJobTag(self, tag):
        self.tags.append((tag, threading.current_thread()))

    def removeJobTag(self, tag):
        assert self._jsc is not None
        assert (tag, threading.current_thread()) in self.tags

    def cancelJobsWithTag(self, tag):
        self.cancelled.append(tag)
        if len(self.cancelled) == 2:  # the first came before there was a job
            self.end.set()


class Estimator:
    def __init__(self, call):
        self.call = call

    def fit(self, dataset):
        return self.call(dataset)


class Rows(DataFrame):
    _jdf = "rows"

    def __new__(cls):
        return object.__new__(cls)


@pytest.fixture
def context(monkeypatch):
    made = Context()
    monkeypatch.setattr(module, "active_context", lambda: made)
    monkeypatch.setattr(module, "InheritableThread", threading.Thread)  # the real one needs a gateway
    return made


def test_the_model_comes_back_and_the_jobs_had_a_tag_of_the_call(context):
    assert fit(Estimator(lambda rows: f"model of {rows}"), Rows(), None, 0) == "model of rows"
    ((tag, thread),) = context.tags
    assert tag.startswith("sparkflow-python-fit-")
    assert thread is not threading.current_thread()
    assert context.cancelled == []


def test_an_error_comes_out_as_it_is(context):
    error = ValueError("wrong column")

    def call(_):
        raise error

    with pytest.raises(ValueError, match="wrong column") as caught:
        fit(Estimator(call), Rows(), None, 0)
    assert caught.value is error
    context._jsc = None  # Spark was stopped: the same, as there is no tag left to be taken away
    with pytest.raises(ValueError, match="wrong column"):
        fit(Estimator(call), Rows(), None, 0)


@pytest.fixture
def hears_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # not so in a shell's background
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_cancels_the_jobs_until_the_call_has_ended(context):
    def call(_):
        assert not context.end.wait(0.5)  # until the caller waits for certain
        _thread.interrupt_main()
        assert context.end.wait(20)
        raise RuntimeError("cancelled")

    with pytest.raises(KeyboardInterrupt):
        fit(Estimator(call), Rows(), None, 0)
    ((tag, _),) = context.tags
    assert set(context.cancelled) == {tag}
    assert context.end.is_set()


@pytest.mark.parametrize(("dataset", "name"), [([1], r"builtins\.list"), (None, r"builtins\.NoneType")])
def test_what_is_no_dataframe(dataset, name):
    with pytest.raises(TypeError, match=rf"fit takes a Spark DataFrame, got {name}.*spark\.createDataFrame"):
        fit(None, dataset, None, 0)
