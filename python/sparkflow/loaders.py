"""Models that were trained elsewhere, as SparkFlow models."""

from typing import Any

from sparkflow.ml import SparkAsyncDLModel


def load_checkpoint(path: str, **params: Any) -> SparkAsyncDLModel:
    """A model of a TensorFlow 1 checkpoint, as ``tf.train.Saver`` saves it, on the driver's file system.

    Parameters
    ----------
    path : str
        The checkpoint's, without extension; ``<path>.meta`` is its graph. The values are those of
        ``<path>.index`` or, if there is no such file, of the latest checkpoint in the same folder.
    **params
        Of the model: ``inputCol``, ``tfInput``, ``tfOutput``, ``predictionCol``, ``tfDropout``,
        ``toKeepDropout``, ``inferenceBatchSize``. None leaves one as it is.

    Raises
    ------
    FileNotFoundError
        ``<path>.meta`` or the values are missing.
    RuntimeError
        There is no SparkSession, or SparkFlow's jar is not on it.
    """
    from sparkflow.backend.values import from_checkpoint

    model = SparkAsyncDLModel._of(*from_checkpoint(path))
    model._set(**params)
    return model
