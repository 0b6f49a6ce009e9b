import ast
from pathlib import Path

import pytest

import sparkflow

PACKAGE = Path(sparkflow.__file__).parent


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_no_docstring_has_the_seam_of_two_joined_strings(file):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documented = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, kinds)]
    assert [doc for node in documented if '"\n' in (doc := ast.get_docstring(node) or "")] == []
