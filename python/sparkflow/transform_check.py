"""What the driver can tell of a ``transformFn`` before any worker starts."""

import importlib
import importlib.util


def check_transform(name: str | None) -> None:
    """Import the module if it can be imported here; workers may have what the driver has not.

    Raises
    ------
    ValueError
        The module is here, but has no such function, or it is the script itself, which workers cannot import.
    """
    module_name, _, function_name = (name or "").rpartition(".")
    if not module_name:  # the jar's to refuse
        return
    if module_name == "__main__":
        raise ValueError(
            f"transformFn is '{name}', but workers cannot import the script that runs here: put the function "
            "into a file of its own, and ship that with --py-files or spark.sparkContext.addPyFile(…)"
        )
    try:
        spec = importlib.util.find_spec(module_name)
    except ModuleNotFoundError:  # of the package that it is in
        spec = None
    if spec is None:
        return
    module = importlib.import_module(module_name)
    if not callable(getattr(module, function_name, None)):
        raise ValueError(
            f"transformFn is '{name}', but module '{module_name}' ({spec.origin}) has no function "
            f"'{function_name}': name one that takes (features, label, random)"
        )
