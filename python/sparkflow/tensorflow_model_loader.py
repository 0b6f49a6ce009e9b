"""SparkFlow 0.7's names for loading TensorFlow checkpoints; ``sparkflow.loaders`` does it."""

from typing import Any

from pyspark.ml import PipelineModel

from sparkflow.loaders import load_checkpoint
from sparkflow.ml import SparkAsyncDLModel


def load_tensorflow_model(
    path: str,
    inputCol: str,
    tfInput: str,
    tfOutput: str,
    predictionCol: str = "predicted",
    tfDropout: str | None = None,
    toKeepDropout: bool = False,
) -> SparkAsyncDLModel:
    """A model of the TensorFlow 1 checkpoint at ``path``; see ``sparkflow.loaders.load_checkpoint``."""
    return load_checkpoint(
        path,
        inputCol=inputCol,
        tfInput=tfInput,
        tfOutput=tfOutput,
        predictionCol=predictionCol,
        tfDropout=tfDropout,
        toKeepDropout=toKeepDropout,
    )


def attach_tensorflow_model_to_pipeline(
    path: str,
    pipelineModel: Any,
    inputCol: str,
    tfInput: str,
    tfOutput: str,
    predictionCol: str = "predicted",
    tfDropout: str | None = None,
    toKeepDropout: bool = False,
) -> Any:
    """A PipelineModel of ``pipelineModel`` and, after it, the model of the checkpoint at ``path``."""
    model = load_tensorflow_model(path, inputCol, tfInput, tfOutput, predictionCol, tfDropout, toKeepDropout)
    return PipelineModel(stages=[pipelineModel, model])
