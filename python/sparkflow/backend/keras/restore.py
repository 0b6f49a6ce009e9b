"""From trained values back to a Keras model."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from sparkflow.backend.keras.convert import COLLECTION
from sparkflow.backend.keras.vocabulary import give


def to_keras(graph: str, values: Mapping[str, np.ndarray], like: Any = None) -> Any:
    """Return a Keras model with these values.

    Parameters
    ----------
    graph : str
        JSON of the MetaGraphDef that `convert` made.
    values : mapping
        Weights and state by their names in the graph.
    like : keras.Model, optional
        Of the same architecture, built: gets the values and is returned, instead of a new one.

    Raises
    ------
    ValueError
        The graph was not made of a Keras model, the model cannot be made again from its config, or `like` has
        other weights.
    """
    description = _description(graph)
    names: list[str] = description["weights"]
    model = _rebuilt(description) if like is None else like
    if not isinstance(model, keras.Model):
        raise TypeError(f"like must be a keras.Model, got {type(model).__qualname__}")
    shapes = [tuple(np.shape(values[name])) for name in names]
    own = [tuple(variable.shape) for variable in model.weights]
    if own != shapes:
        difference = next((i for i, (a, b) in enumerate(zip(own, shapes, strict=False)) if a != b), None)
        words = f"{len(own)} weights instead of {len(names)}"
        if difference is not None:
            words = (
                f"shape {own[difference]} where the trained model has {shapes[difference]} "
                f"('{names[difference]}')"
            )
        raise ValueError(f"model '{model.name}' is not built like the one that was trained: it has {words}")
    for variable, name in zip(model.weights, names, strict=True):
        variable.assign(keras.ops.cast(values[name], variable.dtype))
    give(model, description.get("vocabularies", []))
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with copies of its weights
    return model


def _description(graph: str) -> dict[str, Any]:
    collection = json.loads(graph).get("collectionDef", {}).get(COLLECTION)
    if collection is None:
        raise ValueError(
            "this model was not trained from a Keras model but from a graph: there is no Keras model of it"
        )
    found: dict[str, Any] = json.loads(base64.b64decode(collection["bytesList"]["value"][0]))
    return found


def _rebuilt(description: dict[str, Any]) -> Any:
    remedy = "give one that is built: to_keras(like=my_model)"
    if "config" not in description:
        raise ValueError(f"the model cannot tell its own architecture ({description['problem']}): {remedy}")
    try:
        model = keras.models.model_from_json(description["config"])
    except (TypeError, ValueError, ImportError, AttributeError, NotImplementedError) as error:
        raise ValueError(
            f"the model cannot be made again from its config ({error}): register its classes with "
            f"keras.saving.register_keras_serializable and import them, or {remedy}"
        ) from error
    if len(model.weights) < len(description["weights"]):
        raise ValueError(f"the model made from its config is not built: {remedy}")
    return model
