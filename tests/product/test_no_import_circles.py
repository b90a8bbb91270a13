"""No module of the framework imports itself through others, not even for typing only."""

import ast
from pathlib import Path

import pytest

import hookline

CORE = Path(hookline.__file__).parent


def modules_in(directory):
    """The files of a package by the names of their modules."""
    found = {}
    for file in sorted(directory.rglob("*.py")):
        parts = file.relative_to(directory.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def statements(body):
    """The statements that run on import, and those under `TYPE_CHECKING`, but not those in functions."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in ("body", "orelse", "finalbody", "handlers"):
                yield from statements(getattr(node, part, ()))


def imports(file, name, modules):
    """The names of the modules that a module imports."""
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    imported = []
    for node in statements(ast.parse(file.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            imported += [full if (full := f"{base}.{alias.name}") in modules else base for alias in node.names]
    return {one for one in imported if one in modules and one != name}


def circles(graph):
    """The strongly connected components with more than one module: all of them import each other."""
    reached = {}
    for start in graph:
        reached[start], waiting = set(), [start]
        while waiting:
            new = graph[waiting.pop()] - reached[start]
            reached[start] |= new
            waiting += new
    found = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return sorted(sorted(circle) for circle in found if len(circle) > 1)


def graph_of(directory):
    modules = modules_in(directory)
    return {name: imports(file, name, modules) for name, file in modules.items()}


def test_no_modules_import_each_other():
    graph = graph_of(CORE)
    assert len(graph) > 100
    assert sum(map(len, graph.values())) > len(graph)
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("import package.second", "from package.first import x"),
        ("from package import second", "from .first import x"),
        ("from . import second", "try:\n    import package.first\nexcept ImportError:\n    pass"),
        ("class A:\n    import package.second", "if TYPE_CHECKING:\n    from package.first import x"),
    ],
)
def test_a_circle_is_found(tmp_path, first, second):
    directory = tmp_path / "package"
    directory.mkdir()
    (directory / "__init__.py").touch()
    (directory / "first.py").write_text(first)
    (directory / "second.py").write_text(second)
    assert circles(graph_of(directory)) == [["package.first", "package.second"]]


def test_an_import_in_a_function_makes_no_circle(tmp_path):
    directory = tmp_path / "package"
    directory.mkdir()
    (directory / "first.py").write_text("import package.second")
    (directory / "second.py").write_text("def f():\n    import package.first")
    assert circles(graph_of(directory)) == []
