"""Function names that are unique in the process.

TensorFlow keeps the functions of loops and branches (`while_body_47`) in one table for the whole process, and
when it differentiates a loop it adds `while_body_47_rewritten`. A Python worker lives on between tasks, so it
may see two graphs, or one graph with two seeds, whose functions share names but differ: the second would be
refused.
"""

from __future__ import annotations

import itertools
from typing import Any

_imports = itertools.count()


def make_unique(graph_def: Any) -> None:
    """Rename the functions of a GraphDef, in place, to names that no other call has given."""
    number = next(_imports)
    library = graph_def.library
    names = {f.signature.name: f"{f.signature.name}_sparkflow_{number}" for f in library.function}
    for gradient in library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    for function in library.function:
        function.signature.name = names[function.signature.name]
        _rename_in_attributes(function.attr, names)
        _rename_in_nodes(function.node_def, names)
    _rename_in_nodes(graph_def.node, names)


def _rename_in_nodes(nodes: Any, names: dict[str, str]) -> None:
    for node in nodes:
        node.op = names.get(node.op, node.op)
        _rename_in_attributes(node.attr, names)


def _rename_in_attributes(attributes: Any, names: dict[str, str]) -> None:
    for key, value in attributes.items():
        if key.endswith("_function_name"):  # of a function's gradient, as text
            value.s = names.get(value.s.decode(), value.s.decode()).encode()
        for function in [value.func] if value.HasField("func") else value.list.func:
            function.name = names.get(function.name, function.name)
            _rename_in_attributes(function.attr, names)
