import json

import pytest

from sparkflow.params import GraphParams, OptimizerParams


def test_a_graph_function_is_told_to_be_built():
    def model():
        pass

    with pytest.raises(
        TypeError, match=r"\"tensorflowGraph\".*pass build_graph\(model\).*sparkflow\.graph_utils"
    ):
        GraphParams().setTensorflowGraph(model)
    assert GraphParams().setTensorflowGraph("{}").getTensorflowGraph() == "{}"


def test_something_else_for_a_graph_is_refused_as_ever():
    with pytest.raises(TypeError, match="tensorflowGraph"):
        GraphParams().setTensorflowGraph(3)


def test_optimizer_options_may_be_a_dict():
    options = {"learning_rate": 0.1, "use_nesterov": True}
    assert json.loads(OptimizerParams().setOptimizerOptions(options).getOptimizerOptions()) == options
    assert OptimizerParams().setOptimizerOptions('{"beta1": 0.9}').getOptimizerOptions() == '{"beta1": 0.9}'


def test_optimizer_options_that_are_no_json():
    with pytest.raises(TypeError, match=r"optimizerOptions.*not JSON serializable.*plain numbers"):
        OptimizerParams().setOptimizerOptions({"learning_rate": object()})
