"""What all groups of params have in common."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pyspark.ml.param import Param, Params, TypeConverters

Self = TypeVar("Self", bound="Group")


class Group(Params):
    """The params of one subject, to be mixed into a stage."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)

    def _set(self: Self, **kwargs: Any) -> Self:
        # Params would keep a None as a value that is set.
        return super()._set(**{name: value for name, value in kwargs.items() if value is not None})

    def _value(self, param: Any) -> Any:
        return self.getOrDefault(param) if self.isDefined(param) else None


def param(name: str, doc: str, converter: Any) -> Any:
    """A param of no stage yet; PySpark gives it to each instance."""
    return Param(Params._dummy(), name, doc, typeConverter=converter)


def json_object(value: Any) -> str:
    """A mapping as JSON text; text as it is."""
    if not isinstance(value, Mapping):
        return TypeConverters.toString(value)
    try:
        return json.dumps(dict(value))
    except TypeError as e:
        raise TypeError(f"{e}: give plain numbers, booleans and text") from e


def int32(value: Any) -> int:
    """An integer that the JVM's Int holds."""
    return _within(TypeConverters.toInt(value), 31)


def int64(value: Any) -> int:
    """An integer that the JVM's Long holds."""
    return _within(TypeConverters.toInt(value), 63)


def _within(number: int, bits: int) -> int:
    if not -(1 << bits) <= number < 1 << bits:
        most = (1 << bits) - 1
        raise TypeError(f"{number} is beyond {bits + 1} bits: expected {most} at most, and {-most} at least")
    return number
