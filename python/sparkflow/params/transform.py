"""What becomes of a mini-batch before the model is trained on it."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


class TransformParams(Group):
    """What becomes of a mini-batch before the model is trained on it."""

    transformFn = param(
        "transformFn",
        "A Python function, as 'module.function', that each worker calls with each of its mini-batches,"
        " to vary them at random, say: function(features, label, random) gets two numpy arrays, of the "
        "shapes and dtypes that the graph takes (label is None without labelCol), and a "
        "numpy.random.Generator, and returns (features, label) of the same shapes and dtypes. The "
        "generator depends on the seed, the partition, the iteration and the mini-batch. Rows that are "
        "held out, and transform, go without. Workers must be able to import the module: ship it with "
        "--py-files. Not set: the rows as they are.",
        TypeConverters.toString,
    )

    def getTransformFn(self) -> str | None:
        return self._value(self.transformFn)

    def setTransformFn(self: Self, value: str | None) -> Self:
        return self._set(transformFn=value)
