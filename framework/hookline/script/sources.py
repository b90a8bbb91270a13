"""The source of a class or function, with everything of its package that it needs."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

REMARKS = re.compile(r"  # (type: ignore|noqa)\b[^\n]*")
"""Comments for tools, which a script does not need."""


class Sources:
    """Collects the sources of classes and functions, those that others need first, and import statements."""

    def __init__(self, package: str):
        """Take the name of the package whose definitions are copied; all others are imported."""
        self._package = package
        self.imports: set[str] = set()
        """The import statements."""
        self.definitions: dict[str, str] = {}
        """The source of each class and function, by its name."""

    @classmethod
    def of(cls, definition: Any) -> "Sources":
        """Return the source of a class or function of a module, and of what it needs."""
        made = cls(definition.__module__.partition(".")[0])
        made.add(sys.modules[definition.__module__], definition.__name__)
        return made

    def add(self, module: ModuleType, name: str) -> None:
        """Add the definition of a name in a module, after those that it needs."""
        tree = ast.parse(inspect.getsource(module))
        nodes = {defined: node for node in tree.body for defined in _defined(node)}
        imported = {alias.asname or alias.name: (node, alias) for node, alias in _imports(tree)}
        self._add(module, name, nodes, imported)

    def _add(self, module: ModuleType, name: str, nodes: dict[str, Any], imported: dict[str, Any]) -> None:
        if name in self.definitions or name not in nodes:
            return
        self.definitions[name] = ""  # It may call itself.
        for used in _used(nodes[name]):
            if used in imported:
                self._add_imported(*imported[used])
            else:
                self._add(module, used, nodes, imported)
        del self.definitions[name]
        source = ast.get_source_segment(inspect.getsource(module), nodes[name]) or ""
        decorators = "".join(f"@{ast.unparse(one)}\n" for one in getattr(nodes[name], "decorator_list", ()))
        self.definitions[name] = REMARKS.sub("", f"{decorators}{source}")

    def _add_imported(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> None:
        named = alias.name if alias.asname is None else f"{alias.name} as {alias.asname}"
        if isinstance(node, ast.Import):
            self.imports.add(f"import {named}")
        elif (node.module or "").partition(".")[0] == self._package:
            self.add(sys.modules[str(node.module)], alias.name)
        else:
            self.imports.add(f"from {node.module} import {named}")


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _imports(tree: ast.Module) -> "Iterator[tuple[ast.Import | ast.ImportFrom, ast.alias]]":
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((node, alias) for alias in node.names)


def _used(node: ast.AST) -> list[str]:
    """Return the names that code uses, in their order."""
    return list(dict.fromkeys(one.id for one in ast.walk(node) if isinstance(one, ast.Name)))
