"""The params of Python and of the jar have the same names, docs and defaults, and setters and getters."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel


@pytest.fixture(params=["SparkAsyncDL", "SparkAsyncDLModel"])
def stage(request: pytest.FixtureRequest, spark: SparkSession) -> Any:
    if request.param == "SparkAsyncDL":
        return SparkAsyncDL()
    return SparkAsyncDLModel._of("{}", '{"weights": [], "state": []}', b"", b"")


def java_params(stage: Any) -> dict[str, Any]:
    return {param.name(): param for param in stage._java_obj.params()}


def test_names(stage: Any) -> None:
    assert sorted(p.name for p in stage.params) == sorted(java_params(stage))


def test_docs(stage: Any) -> None:
    assert {p.name: p.doc for p in stage.params} == {n: p.doc() for n, p in java_params(stage).items()}


def test_defaults(stage: Any) -> None:
    ours = {p.name: stage.getOrDefault(p) for p in stage.params if stage.hasDefault(p)}
    java = stage._java_obj
    theirs = {n: java.getDefault(p).get() for n, p in java_params(stage).items() if java.hasDefault(p)}
    assert ours == theirs
    assert {n: type(v) for n, v in ours.items()} == {n: type(v) for n, v in theirs.items()}


def test_each_has_a_setter_and_a_getter(stage: Any) -> None:
    for param in stage.params:
        name = param.name[0].upper() + param.name[1:]
        assert callable(getattr(stage, f"set{name}")), name
        assert callable(getattr(stage, f"get{name}")), name


def test_the_constructor_and_set_params_take_each_by_name(spark: SparkSession) -> None:
    more = {"loss_callback", "validation_callback", "model", "loss", "optimizer", "metrics"}
    names = {p.name for p in SparkAsyncDL().params} | more
    for function in (SparkAsyncDL.__init__, SparkAsyncDL.setParams):
        assert set(inspect.signature(function).parameters) - {"self"} == names


def test_a_default_of_0_7_is_what_it_was(spark: SparkSession) -> None:
    net = SparkAsyncDL()
    defaults = (net.getInputCol(), net.getTfInput(), net.getTfOutput(), net.getTfOptimizer())
    assert defaults == ("transformed", "x:0", "out/Sigmoid:0", "adam")
    assert (net.getTfLearningRate(), net.getIters(), net.getPredictionCol()) == (0.01, 1000, "predicted")
    assert (net.getPartitions(), net.getMiniBatchSize(), net.getMiniStochasticIters()) == (5, 128, -1)
    assert (net.getAqcuireLock(), net.getShufflePerIter(), net.getPartitionShuffles()) == (False, True, 1)
    assert (net.getTfLabel(), net.getLabelCol(), net.getTfDropout(), net.getOptimizerOptions()) == (None,) * 4
    assert (net.getToKeepDropout(), net.getVerbose(), net.getTensorflowGraph()) == (False, 0, "")


def test_none_leaves_a_param_unset_and_values_reach_the_jar(spark: SparkSession) -> None:
    net = SparkAsyncDL(tfLabel=None, labelCol=None, iters=7, tfLearningRate=1, seed=2**40, acquireLock=True)
    net.setTfOutput("out:0").setVerbose(None)
    assert not net.isSet(net.tfLabel)
    assert not net.isSet(net.verbose)
    java = net._to_java()
    assert (java.getIters(), java.getTfLearningRate(), java.getSeed()) == (7, 1.0, 2**40)
    assert (java.getAcquireLock(), java.getTfOutput()) == (True, "out:0")
    assert not java.isDefined(java.getParam("tfLabel"))
