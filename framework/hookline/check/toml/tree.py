"""The values of a document as a tree, in which each knows where it was set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.check.toml.spans import DEEPEST, KeyPath
from hookline.check.toml.text import Text
from hookline.errors.source import Place, Source
from hookline.errors.text import PathElement

Table = dict[str, Any]


@frozen
class Setting:
    """One of the places where a value was set, or a table was extended."""

    text: Text
    """The text that sets it."""
    path: KeyPath
    """The path of the value in that text."""

    @property
    def source(self) -> Source:
        """The file or the option on the command line."""
        return self.text.source

    @property
    def key(self) -> Place:
        """Its key; for an element of an array, the element itself."""
        return self.text.key(self.path)

    @property
    def value(self) -> Place:
        """The value; for a table with a header, the header."""
        return self.text.value(self.path)


@frozen(eq=False)
class Node:
    """A value of a document: a table, an array or a simple value."""

    value: Any
    """A dictionary of nodes, a list of nodes, or a string, number, boolean or time."""
    settings: tuple[Setting, ...] = ()
    """Where it was set: the last setting is in force, the earlier ones were overridden."""

    def child(self, element: PathElement) -> "Node | None":
        """The value under this key or index, if there is one."""
        if isinstance(self.value, dict):
            return self.value.get(element)
        if isinstance(self.value, list) and isinstance(element, int) and element < len(self.value):
            return self.value[element]
        return None

    def along(self, path: tuple[PathElement, ...]) -> "Iterator[Node]":
        """The value itself, and the values along the path, as far as they exist."""
        node: Node | None = self
        yield self
        for element in path:
            node = node.child(element) if node is not None else None
            if node is None:
                return
            yield node


class PathText(str):
    """A string from a file in another directory than the spec's, or from a `--set` option in another one.

    If it is a path, it is relative to that directory.
    """

    directory: Path


def grown(value: Any, text: Text, path: KeyPath = ()) -> Node:
    """The tree of a value that was read from a text.

    Raises:
        RecursionError: if it is nested more than `DEEPEST` deep.

    """
    if len(path) > DEEPEST:
        raise RecursionError
    made: Any = value
    if isinstance(value, dict):
        made = {key: grown(inner, text, (*path, key)) for key, inner in value.items()}
    elif isinstance(value, list):
        made = [grown(inner, text, (*path, index)) for index, inner in enumerate(value)]
    return Node(made, (Setting(text, path),) if path else ())


def without_places(value: Any) -> Node:
    """The tree of a value that comes from Python. A path becomes text, as in a file."""
    if isinstance(value, dict):
        return Node({key: without_places(inner) for key, inner in value.items()})
    if isinstance(value, (list, tuple)):
        return Node([without_places(inner) for inner in value])
    return Node(str(value) if isinstance(value, Path) else value)


def plain(node: Node, directory: Path) -> Any:
    """The plain value, for a document in this directory."""
    if isinstance(node.value, dict):
        return {key: plain(inner, directory) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [plain(inner, directory) for inner in node.value]
    if isinstance(node.value, str) and node.settings:
        home = node.settings[-1].source.home
        if home != directory:
            text = PathText(node.value)
            text.directory = home
            return text
    return node.value
