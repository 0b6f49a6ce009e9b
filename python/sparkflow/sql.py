"""Fitted models as functions of SQL."""

from typing import Any

from pyspark.sql import SparkSession

from sparkflow.ml import SparkAsyncDLModel


def register(name: str, model: SparkAsyncDLModel, spark: Any = None) -> None:
    """Makes a model a function of SQL, as it is now: ``spark.sql("select name(features) from t")``.

    The function gives what ``transform`` puts into ``predictionCol``, a vector as ``array<double>``. It is
    there until the session ends, for ``expr`` and ``selectExpr``, too; one of this name that was registered
    before is replaced. The argument is a column, or an expression, of a type that ``inputCol`` may be of.

    Parameters
    ----------
    name : str
        A letter or ``_``, then letters, digits and ``_``; not that of a function of Spark's own.
    model : SparkAsyncDLModel
        Such as the last of ``pipeline_model.stages``.
    spark : pyspark.sql.SparkSession, optional
        The active one if not given.

    Raises
    ------
    TypeError
        ``model`` is no such model, or ``name`` no str.
    pyspark.errors.IllegalArgumentException
        The name is none that SQL can call, or Spark's own; or a tensor is not in the graph. What is wrong
        with an argument, the query raises before it runs.
    RuntimeError
        There is no SparkSession.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, got {name!r}: register(name, model)")
    if not isinstance(model, SparkAsyncDLModel):
        inside = [s for s in getattr(model, "stages", []) if isinstance(s, SparkAsyncDLModel)]
        hint = ": give the one of its stages that is one, which takes what the others make" if inside else ""
        raise TypeError(f"register takes a SparkAsyncDLModel, got {type(model).__name__}{hint}")
    session = SparkSession.getActiveSession() if spark is None else spark
    if session is None:
        raise RuntimeError("no SparkSession is active in this thread: give register one, as spark=…")
    model._transfer_params_to_java()
    model._java_obj.register(session._jsparkSession, name)
