"""How a fitted model comes from TensorFlow and Keras, and goes to them."""

from collections.abc import Iterable, Mapping
from typing import Any


class Interchange:
    """The methods of ``SparkAsyncDLModel`` for it."""

    _java_obj: Any
    weights: Any
    get_state: Any

    @classmethod
    def load_tensorflow(
        cls,
        path: str,
        *,
        signature: str | None = None,
        tags: Iterable[str] | None = None,
        custom_objects: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> Any:
        """A model that something else has trained, as a fitted stage.

        What it is, is seen from what lies at ``path``: the directory of a SavedModel; a Keras model
        (``.keras``, ``.h5``); a TensorFlow 1 checkpoint, by the path that ``tf.train.Saver.save`` returned;
        or a frozen graph (``.pb``, ``.pbtxt``). ``tfInput`` and ``tfOutput`` follow from it where it has one
        of each.

        Parameters
        ----------
        path : str
            On the driver, or on any file system that Hadoop reaches if it begins with a scheme (``hdfs://…``).
        signature : str, optional
            Of a SavedModel; by default ``serving_default``, or the only one. Inputs and outputs are tensors
            of the signature's own names (``"output_0:0"``).
        tags : iterable of str, optional
            Of a SavedModel's graph; by default ``["serve"]``, or those of the only one.
        custom_objects : mapping, optional
            Classes by name, for a Keras model that has some of its own.
        **params
            Of the model, such as ``inputCol``, ``predictionCol`` and ``tfOutput``. ``tfOutput="class:0"``
            gives the number of the likeliest class where the output is a row of them. ``inputCols`` and
            ``outputCols`` are for several inputs and outputs, in the model's order or as dicts by their
            names, or go with ``tfInputs`` and ``tfOutputs``.

        Raises
        ------
        FileNotFoundError
            There is nothing at ``path``.
        ValueError
            It is no model, has no such signature, needs what SparkFlow's models have not, or several inputs
            or outputs could be meant; the message names them.
        RuntimeError
            There is no SparkSession, or SparkFlow's jar is not on it.
        """
        from sparkflow.loaders import load_tensorflow

        return load_tensorflow(path, signature=signature, tags=tags, custom_objects=custom_objects, **params)

    loadTensorflow = load_tensorflow

    @classmethod
    def from_keras(cls, model: Any, **params: Any) -> Any:
        """A Keras 3 model as a fitted stage, with the weights that it has now.

        Parameters
        ----------
        model : keras.Model
            Built. It is left as it is. For several inputs give ``inputCols``, in their order or as a dict by
            their names; of several outputs, ``tfOutput`` says which: ``out/NAME:0``.
        **params
            Of the model; ``tfInput`` is ``x:0``, and ``tfOutput`` is ``out:0`` unless given (``class:0``).

        Raises
        ------
        TypeError, ValueError
            It is no such model; the message says what to change.
        RuntimeError
            There is no SparkSession, or SparkFlow's jar is not on it.
        """
        from sparkflow.loaders import from_keras

        return from_keras(model, **params)

    fromKeras = from_keras

    def to_keras(self, like: Any = None) -> Any:
        """The Keras model that was trained, with its trained weights; compile it to evaluate or train it.

        Parameters
        ----------
        like : keras.Model, optional
            A built model of the same architecture, which gets the weights and is returned. Needed for models
            that cannot be made from their config, such as subclassed ones without ``get_config``.

        Raises
        ------
        ValueError
            The model is of a graph, or cannot be made again, or ``like`` has other weights.
        """
        from sparkflow.backend.keras.restore import to_keras

        return to_keras(self._java_obj.graph(), {**self.weights, **self.get_state()}, like)

    toKeras = to_keras

    def save_tensorflow(self, path: str, format: str = "saved_model", *, overwrite: bool = False) -> None:
        """Writes the model for programs without SparkFlow.

        Parameters
        ----------
        path : str
            On the driver, or on any file system that Hadoop reaches if it begins with a scheme (``hdfs://…``).
        format : str
            ``"saved_model"``: a directory with the signature ``serving_default``, whose input and output are
            called as ``tfInput`` and ``tfOutput`` without the number; a sparse placeholder ``x`` is its
            parts, ``x_values``, ``x_indices`` and ``x_shape``. ``"keras"``: a ``.keras`` file of what
            ``to_keras()`` gives. ``"graph"``: a frozen graph, a GraphDef in binary, whose tensors are called
            as in the model.
        overwrite : bool
            Replace what is there.

        Raises
        ------
        FileExistsError
            There is something and ``overwrite`` is False.
        ValueError
            There is no such format, the path does not go with it, or the model cannot be had in it.
        """
        from sparkflow.exporting import save_tensorflow

        save_tensorflow(self, path, format, overwrite)

    saveTensorflow = save_tensorflow
