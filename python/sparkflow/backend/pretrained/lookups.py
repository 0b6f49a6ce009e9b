"""Lookup tables: what a model maps strings or numbers with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow

from sparkflow.backend.runtime import tf

TABLES = ("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableDenseHashTableV2")


class Lookup(NamedTuple):
    """The contents of a table.

    Attributes
    ----------
    tensor : str
        Its handle, in the graph that it comes from.
    keys, values : numpy.ndarray
    """

    tensor: str
    keys: np.ndarray
    values: np.ndarray


def read(session: Any, operation: Any) -> Lookup:
    """Return what the table that `operation` makes holds in a session; adds to its graph."""
    handle = operation.outputs[0]
    types = {"Tkeys": operation.get_attr("key_dtype"), "Tvalues": operation.get_attr("value_dtype")}
    with operation.graph.as_default():
        if handle.dtype == tf.resource:
            exported = tf.raw_ops.LookupTableExportV2(table_handle=handle, **types)
        else:
            exported = tf.raw_ops.LookupTableExport(table_handle=handle, **types)
    return Lookup(handle.name, *session.run(list(exported)))


def table(lookup: Lookup) -> Any:
    """Return a table of TensorFlow 2 with these contents."""
    start = tensorflow.lookup.KeyValueTensorInitializer(lookup.keys, lookup.values)
    # What a key gives that is not there, each op that looks up says itself.
    nothing = np.zeros((), lookup.values.dtype) if lookup.values.dtype != object else ""
    return tensorflow.lookup.StaticHashTable(start, nothing)


def add(lookup: Lookup) -> Any:
    """Add a table with these contents to the current default graph; return its handle."""
    keys, values = tf.constant(lookup.keys), tf.constant(lookup.values)
    handle = tf.raw_ops.HashTableV2(
        key_dtype=keys.dtype, value_dtype=values.dtype, use_node_name_sharing=True, name="lookup"
    )
    start = tf.raw_ops.InitializeTableV2(table_handle=handle, keys=keys, values=values)
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, start)
    return handle
