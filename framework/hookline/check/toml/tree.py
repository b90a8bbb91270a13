"""The values of a document as a tree, in which each knows where it was set; and laying one document over another."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.check.toml.spans import Positions
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.source import Place, Source
from hookline.errors.text import PathElement, did_you_mean, dotted, enumerate_names, shortened, there_are

Table = dict[str, Any]


@frozen
class Setting:
    """One of the places where a value was set, or a table was added to."""

    key: Place
    """Its key; of an element of an array, the element itself."""
    value: Place
    """The value; of a table with a header, the header."""


@frozen(eq=False)
class Node:
    """A value of a document: a table, an array, or what TOML has beside these."""

    value: Any
    """A dictionary of nodes, a list of nodes, or a string, number, truth value or time."""
    settings: tuple[Setting, ...] = ()
    """Where it was set: the last one is in force, and those before it were overlaid."""

    def child(self, element: PathElement) -> "Node | None":
        """The value under this key or index, if there is one."""
        if isinstance(self.value, dict):
            return self.value.get(element)
        if isinstance(self.value, list) and isinstance(element, int) and element < len(self.value):
            return self.value[element]
        return None

    def along(self, path: tuple[PathElement, ...]) -> "Iterator[Node]":
        """The value itself, and those to which the path leads, as far as there are any."""
        node: Node | None = self
        yield self
        for element in path:
            node = node.child(element) if node is not None else None
            if node is None:
                return
            yield node


class PathText(str):
    """A string from a file in another directory than the spec's; if it is a path, it is relative to that."""

    directory: Path


def grown(value: Any, positions: Positions, source: Source, path: tuple[PathElement, ...] = ()) -> Node:
    """The tree of a value that was read from a text."""
    made: Any = value
    if isinstance(value, dict):
        made = {key: grown(inner, positions, source, (*path, key)) for key, inner in value.items()}
    elif isinstance(value, list):
        made = [grown(inner, positions, source, (*path, index)) for index, inner in enumerate(value)]
    key = positions.keys.get(path)
    span = positions.values.get(path, key)  # A table that only dotted keys make has no place but its key.
    if span is None:
        return Node(made)
    return Node(made, (Setting(Place(source, *(key or span)), Place(source, *span)),))


def without_places(value: Any) -> Node:
    """The tree of a value that stands in no text."""
    if isinstance(value, dict):
        return Node({key: without_places(inner) for key, inner in value.items()})
    if isinstance(value, (list, tuple)):
        return Node([without_places(inner) for inner in value])
    return Node(value)


def plain(node: Node, directory: Path) -> Any:
    """The value itself, for a document in this directory."""
    if isinstance(node.value, dict):
        return {key: plain(inner, directory) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [plain(inner, directory) for inner in node.value]
    if isinstance(node.value, str) and node.settings:
        home = node.settings[-1].value.source.directory
        if home is not None and home != directory:
            text = PathText(node.value)
            text.directory = home
            return text
    return node.value


def overlaid(below: Node, above: Node, problems: list[Diagnostic], path: tuple[PathElement, ...] = ()) -> Node:
    """One tree over another: what is above holds, and what it does not say is that below.

    Tables are laid over each other key by key, unless the one above names another `type`: then it is another component,
    and of the one below nothing is left. Arrays replace each other. A table over an array changes those of its elements
    that its keys name: `false` leaves one out, and a new name with a `type` adds one. A key that names no element is
    among the problems then, and changes nothing.
    """
    settings = _together(below, above)
    if isinstance(above.value, dict) and isinstance(below.value, dict) and not _is_another_component(below, above):
        changes = {
            key: overlaid(below.value[key], inner, problems, (*path, key)) if key in below.value else inner
            for key, inner in above.value.items()
        }
        return Node({**below.value, **changes}, settings)
    if isinstance(above.value, dict) and isinstance(below.value, list):
        elements: list[Node | None] = list(below.value)
        for name, change in above.value.items():
            index = _index(below.value, name, change, path)
            if isinstance(index, Diagnostic):
                problems.append(index)
            elif index is None:
                elements.append(change)
            elif (element := elements[index]) is None:
                problems.append(_problem(f'The element "{name}" is left out: it cannot be changed, too.', change))
            else:
                inside = (*path, index)
                elements[index] = None if _leaves_out(change, element) else overlaid(element, change, problems, inside)
        return Node([element for element in elements if element is not None], settings)
    return _in_place(below, above)


def _together(below: Node, above: Node) -> tuple[Setting, ...]:
    """Where either was set. A file that is extended along several ways sets a value once."""
    return (*(setting for setting in below.settings if setting not in above.settings), *above.settings)


def _in_place(below: Node, above: Node) -> Node:
    """What is above in the place of what is below, with the places of both; those of the `type`, too."""
    value = above.value
    if (before := below.child("type")) is not None and (after := above.child("type")) is not None:
        value = {**value, "type": Node(after.value, _together(before, after))}
    return Node(value, _together(below, above))


def with_value(
    node: Node,
    keys: "Sequence[tuple[str, Place]]",
    value: Node,
    problems: list[Diagnostic],
    path: tuple[PathElement, ...] = (),
) -> Node:
    """The tree with one value in another's place, to which the keys lead; each comes with the place where it stands.

    Nothing else changes: not the options beside a `type`. Elements of arrays are named as by `overlaid`.
    """
    if not keys:
        return _in_place(node, value)
    (key, place), *rest = keys
    made = Node({}, (Setting(place, place),)) if rest else Node(None)  # What is not there yet, in which it shall stand.
    if isinstance(node.value, list):
        gives_type = bool(rest) and rest[0][0] == "type"  # Which makes a new one of it, if there is none of this name.
        change = Node({"type": value} if gives_type else {} if rest else value.value, (Setting(place, place),))
        index = _index(node.value, key, change, path)
        elements = list(node.value)
        if isinstance(index, Diagnostic):
            problems.append(index)
        elif index is None:
            elements.append(with_value(made, rest, value, problems, (*path, key)))
        elif not rest and _leaves_out(value, elements[index]):
            del elements[index]
        else:
            elements[index] = with_value(elements[index], rest, value, problems, (*path, key))
        return Node(elements, node.settings)
    if not isinstance(node.value, dict):  # A table takes the place of a value: whether it may, the reader knows.
        node = Node({}, (*node.settings, Setting(place, place)))
    inner = with_value(node.value.get(key, made), rest, value, problems, (*path, key))
    return Node({**node.value, key: inner}, node.settings)


def _leaves_out(change: Node, element: Node) -> bool:
    return change.value is False and isinstance(element.value, dict)


def _is_another_component(below: Node, above: Node) -> bool:
    types = below.child("type"), above.child("type")
    return types[0] is not None and types[1] is not None and types[0].value != types[1].value


def _index(elements: list[Node], name: str, change: Node, path: tuple[PathElement, ...]) -> int | Diagnostic | None:
    """The index of the element that is called so, by its place, its `name` or its `type`.

    `None` if it is a new one; and a problem if it is neither.
    """
    if name.isdecimal() and int(name) < len(elements):
        return int(name)
    names: dict[str, list[int]] = {}
    for key in ("type", "name"):  # What is called so goes before what is of a type that is called so.
        found: dict[str, list[int]] = {}
        for index, element in enumerate(elements):
            if (called := element.child(key)) is not None and isinstance(called.value, str):
                found.setdefault(called.value, []).append(index)
        names |= found
    indices = names.get(name, [])
    if len(indices) == 1:
        return indices[0]
    if indices:
        places = enumerate_names(indices, "or")
        return _problem(f'Several elements are called "{name}": give its place, {places}.', change)
    if change.child("type") is not None:
        return None
    if name == "type":
        return _problem(f'"type" names no element. {_of_a_further_one(change, path)}', change)
    near = did_you_mean(name, names) if not name.isdecimal() else ""
    hint = " A new one has a `type`." if isinstance(change.value, dict) and not name.isdecimal() else ""
    return _problem(f'There is no element "{shortened(name)}": {there_are(len(elements))}.{near}{hint}', change)


def _of_a_further_one(change: Node, path: tuple[PathElement, ...]) -> str:
    """How an element is added to the array, where the change stands."""
    of_its_own = ".".join(str(element) for element in (*path, "mine"))  # As it is written, and not as one reads it.
    if change.settings and change.settings[0].key.source.directory is None:
        return f"A further one is given a name of its own: {of_its_own}.type=…"
    name = dotted(path)
    several = "" if any(isinstance(element, int) for element in path) else f"; and [[{name}]] begins them anew"
    return f"A further one is given a name of its own, as in [{of_its_own}]{several}."


def _problem(message: str, change: Node) -> Diagnostic:
    return Diagnostic("invalid-change", message, place=change.settings[0].key if change.settings else None)
