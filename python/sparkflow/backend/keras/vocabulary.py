"""The vocabularies that layers have learnt by `adapt`, which neither their config nor their weights hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

_KINDS = (layers.StringLookup, layers.IntegerLookup, layers.TextVectorization)


def vocabularies(model: Any) -> list[list[Any]]:
    """Return, for each layer of a built model that has one, its words and, in mode tf_idf, their weights.

    As JSON can hold it.
    """
    return [_of(layer) for layer in _layers(model)]


def give(model: Any, found: Sequence[Sequence[Any]]) -> None:
    """Give a model of the same architecture what `vocabularies` returned."""
    for layer, (words, weights) in zip(_layers(model), found, strict=False):
        if words:
            layer.set_vocabulary(words, *([] if weights is None else [np.array(weights)]))


def _layers(model: Any) -> list[Any]:
    """Those with a vocabulary, but for the lookup within a TextVectorization."""
    found = [layer for layer in model._flatten_layers() if isinstance(layer, _KINDS)]
    inner = [id(layer._lookup_layer) for layer in found if isinstance(layer, layers.TextVectorization)]
    return [layer for layer in found if id(layer) not in inner]


def _of(layer: Any) -> list[Any]:
    words = layer.get_vocabulary(include_special_tokens=False)
    words = [word if isinstance(word, str) else int(word) for word in words]
    lookup = getattr(layer, "_lookup_layer", layer)
    if lookup.output_mode != "tf_idf" or not words:
        return [words, None]
    special = len(layer.get_vocabulary()) - len(words)
    return [words, np.asarray(lookup.idf_weights)[special : special + len(words)].tolist()]
