"""The core names no built-in plugin or component: it finds them like those of third parties."""

import ast
from pathlib import Path

import pytest

import hookline
from hookline.plugins.manager import BUILT_IN, Plugins

CORE = Path(hookline.__file__).parent
EXCEPTIONS = (
    "cli/drafts",  # Writes specs of built-in components.
    "check/toml/not_specs.py",  # Names file formats, after which two components are named.
)
"""Where built-in components are named all the same."""


def names_in(tree):
    """The identifiers and string literals of a module, with their lines."""
    for node in ast.walk(tree):
        # An attribute, as in `torch.optim.SparseAdam`, is a name in another package.
        for field in ("id", "name", "arg", "asname", "value"):
            if isinstance(name := getattr(node, field, None), str):
                yield name, getattr(node, "lineno", 0)


def without_the_list_of_plugins(tree):
    """The module without `BUILT_IN`, the list of the plugins that are always loaded."""
    tree.body = [node for node in tree.body if "BUILT_IN" not in {getattr(one, "id", "") for one in targets(node)}]
    return tree


def targets(node):
    return node.targets if isinstance(node, ast.Assign) else []


def named_in(file):
    """The built-in plugins and components that a file names, with their lines."""
    tree = without_the_list_of_plugins(ast.parse(file.read_text(encoding="utf-8")))
    return [f"{name} in line {line}" for name, line in names_in(tree) if name in NAMES]


NAMES = {kind.__name__ for kind in Plugins().catalog} | set(BUILT_IN)
FILES = {file.relative_to(CORE).as_posix(): file for file in sorted(CORE.rglob("*.py"))}


def test_the_core_names_no_built_in_plugin_or_component():
    assert {"CSV", "Linear", "Progress", "hookline_stages"} <= NAMES
    assert {
        name: found for name, file in FILES.items() if (found := named_in(file)) and not name.startswith(EXCEPTIONS)
    } == {}


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_every_exception_is_needed(exception):
    assert any(named_in(file) for name, file in FILES.items() if name.startswith(exception))
