"""SparkFlow 0.7's way to load pipelines. Today ``PipelineModel.load(path)`` needs nothing around it."""

from typing import Any

from pyspark.ml import Pipeline, PipelineModel


class PysparkPipelineWrapper:
    """Kept so that ``PysparkPipelineWrapper.unwrap(PipelineModel.load(path))`` goes on working."""

    @staticmethod
    def unwrap(pipeline: Any) -> Any:
        """The pipeline itself: its stages are loaded as what they are.

        Raises
        ------
        TypeError
            ``pipeline`` is neither a Pipeline nor a PipelineModel.
        """
        if not isinstance(pipeline, (Pipeline, PipelineModel)):
            raise TypeError(f"Cannot recognize a pipeline of type {type(pipeline)}.")
        return pipeline
