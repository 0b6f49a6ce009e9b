"""The command line, ``python -m sparkflow``: writes graphs and models to files, for Scala to read."""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sparkflow import __version__


class CommandError(Exception):
    """What the user should read instead of a stack trace."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status: 0, or 1 after an error that is written to stderr."""
    parser = argparse.ArgumentParser(prog="python -m sparkflow", description="TensorFlow inside Spark ML")
    commands = parser.add_subparsers(dest="command", required=True)
    graph = commands.add_parser("graph", help="write the graph that a Python function builds to a file")
    graph.add_argument("function", help="module:function, or path/to/file.py:function")
    graph.add_argument("output", type=Path, help="the file to write, MetaGraphDef as JSON")
    model = commands.add_parser("model", help="save a trained model as a SparkAsyncDLModel, to load in Scala")
    model.add_argument(
        "path", help="a SavedModel, .keras or .h5 file, TensorFlow 1 checkpoint or frozen graph"
    )
    model.add_argument("output", type=Path, help="the directory to write")
    model.add_argument("--signature", help="of a SavedModel; by default serving_default, or the only one")
    model.add_argument("--tf-input", help="tensor to feed, if there are several: name:0")
    model.add_argument("--tf-output", help="tensor to compute, if there are several: name:0")
    commands.add_parser("version", help="print the version")
    options = parser.parse_args(arguments)
    try:
        if options.command == "version":
            print(__version__)
        elif options.command == "model":
            save_model(options)
        else:
            write_graph(options.function, options.output)
    except CommandError as e:
        print(f"python -m sparkflow {options.command}: {e}", file=sys.stderr)
        return 1
    return 0


def write_graph(reference: str, output: Path) -> None:
    """Builds the graph of the function that ``reference`` names and writes it to ``output`` as UTF-8 JSON.

    Raises
    ------
    CommandError
        The reference names no function, the function builds nothing that can be trained, or the file cannot
        be written.
    """
    from sparkflow.graph_utils import build_graph

    function = find_function(reference)
    try:
        text = build_graph(function)
    except ValueError as e:
        raise CommandError(f"{reference}: {e}") from e
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as e:
        raise CommandError(f"cannot write {output}: {e.strerror}") from e
    print(f"wrote {output}: {len(text):,} characters")


def save_model(options: argparse.Namespace) -> None:
    """Saves the model at ``options.path`` as the jar's ``SparkAsyncDLModel.load`` reads it.

    Raises
    ------
    CommandError
        There is no model that can be had, or the directory is there already or cannot be written.
    """
    from sparkflow.backend.pretrained.open import open_model
    from sparkflow.model_files import write_model

    output: Path = options.output
    if output.exists():
        raise CommandError(f"there is something at {output} already: remove it, or name another directory")
    try:
        found = open_model(options.path, signature=options.signature)
        (fed,), tf_output = found.chosen(options.path, options.tf_input, options.tf_output)
    except (FileNotFoundError, ValueError) as e:
        raise CommandError(str(e)) from e
    try:
        write_model(output, found.values, {"tfInput": fed.tensor, "tfOutput": tf_output})
    except OSError as e:
        raise CommandError(f"cannot write {output}: {e.strerror}") from e
    print(f"wrote {output}: {tf_output} of {fed.tensor}")


def find_function(reference: str) -> Callable[[], Any]:
    """The function that ``module:function`` or ``file.py:function`` names.

    A module is looked for in the current directory, too.

    Raises
    ------
    CommandError
        Not of that form, no such module or file, or nothing callable of that name in it.
    """
    where, colon, name = reference.rpartition(":")
    if not colon or not where or not name:
        raise CommandError(f"{reference!r} names no function: expected module:function or file.py:function")
    module = _load_file(Path(where)) if where.endswith(".py") else _load_module(where)
    function = getattr(module, name, None)
    if not callable(function):
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
        raise CommandError(f"{where} has no function {name!r}; it has: {', '.join(sorted(own)) or 'none'}")
    return function  # type: ignore[no-any-return]


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise CommandError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CommandError(f"{path} is no Python file")
    sys.path.insert(0, str(path.parent))  # as Python does for a script: its neighbours are importable
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _load_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        if e.name is None or not (name == e.name or name.startswith(f"{e.name}.")):
            raise  # the module is there and itself imports something that is not
        raise CommandError(f"there is no module {name!r} in {Path.cwd()} or on the Python path") from e
