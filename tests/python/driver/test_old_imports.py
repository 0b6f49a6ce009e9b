import warnings

import pytest
from pyspark.ml import Pipeline, PipelineModel

import sparkflow.ml
import sparkflow.tensorflow_async
from sparkflow import tf1
from sparkflow.HogwildSparkModel import HogwildSparkModel
from sparkflow.pipeline_util import PysparkPipelineWrapper
from sparkflow.tensorflow_model_loader import attach_tensorflow_model_to_pipeline, load_tensorflow_model


def test_tensorflow_async_has_the_classes_themselves():
    assert sparkflow.tensorflow_async.SparkAsyncDL is sparkflow.ml.SparkAsyncDL
    assert sparkflow.tensorflow_async.SparkAsyncDLModel is sparkflow.ml.SparkAsyncDLModel


@pytest.mark.parametrize("pipeline", [Pipeline(stages=[]), PipelineModel(stages=[])])
def test_unwrap_gives_back_what_it_gets(pipeline):
    assert PysparkPipelineWrapper.unwrap(pipeline) is pipeline


def test_unwrap_refuses_other_types():
    with pytest.raises(TypeError, match="Cannot recognize a pipeline of type <class 'str'>"):
        PysparkPipelineWrapper.unwrap("pipeline")


def test_checkpoint_loaders_name_the_missing_file(tmp_path):
    path = str(tmp_path / "to_load")
    with pytest.raises(FileNotFoundError, match=r"to_load\.meta"):
        load_tensorflow_model(path, "features", "x:0", "out:0")
    with pytest.raises(FileNotFoundError, match=r"to_load\.meta"):
        attach_tensorflow_model_to_pipeline(path, PipelineModel(stages=[]), "features", "x:0", "out:0")


def hogwild(**changes):
    given = {"tensorflowGraph": "{}", "tfInput": "x:0", "optimizer": tf1.train.AdamOptimizer(0.1)}
    return HogwildSparkModel(**{**given, **changes})


@pytest.mark.parametrize("url", ["localhost:5000", "http://driver:5000"])
def test_hogwild_says_that_the_urls_port_is_not_used(url):
    with pytest.warns(UserWarning, match="is not used.*port=5000 would choose that one"):
        hogwild(master_url=url)


def test_hogwild_is_silent_where_port_and_url_agree_or_there_is_no_port():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hogwild(master_url="localhost:5000", port=5000).stop_server()
        hogwild(master_url="localhost", serverStartup=1)
        hogwild()


@pytest.mark.parametrize("optimizer", [None, "adam"])
def test_hogwild_refuses_what_is_no_optimizer(optimizer):
    with pytest.raises(TypeError, match=r"tf1\.train\.AdamOptimizer\(learning_rate="):
        hogwild(optimizer=optimizer)
