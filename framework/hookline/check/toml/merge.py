"""Merge trees of values: one over another, and single values."""

from collections.abc import Sequence

from hookline.check.toml.tree import Node, Setting
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import PathElement, dotted, enumerate_names, shortened, valid_indices


def overlaid(below: Node, above: Node, problems: list[Diagnostic], path: tuple[PathElement, ...] = ()) -> Node:
    """One tree over another: values above override those below, and what they do not set remains.

    Tables are merged key by key, unless the one above has another `type`: it is another component, and replaces the one
    below. An array replaces an array. A table over an array changes the elements that its keys name: `false` removes an
    element, and a new name with a `type` adds one. A key that names no element is added to the problems.
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
                problems.append(_problem(f'The element "{name}" is removed and cannot also be changed.', change))
            else:
                inside = (*path, index)
                elements[index] = None if _removes(change, element) else overlaid(element, change, problems, inside)
        return Node([element for element in elements if element is not None], settings)
    return _in_place(below, above)


def _together(below: Node, above: Node) -> tuple[Setting, ...]:
    """Where either was set. A file that is extended in several ways sets a value once."""
    return (*(setting for setting in below.settings if setting not in above.settings), *above.settings)


def _in_place(below: Node, above: Node) -> Node:
    """The value above in place of the one below, with the settings of both, also of the `type`."""
    value = above.value
    if (before := below.child("type")) is not None and (after := above.child("type")) is not None:
        value = {**value, "type": Node(after.value, _together(before, after))}
    return Node(value, _together(below, above))


def with_value(
    node: Node,
    keys: Sequence[tuple[str, Setting]],
    value: Node,
    problems: list[Diagnostic],
    path: tuple[PathElement, ...] = (),
) -> Node:
    """The tree with the value to which the keys lead replaced. Each key comes with its setting.

    Nothing else changes, not even the options beside a `type`. The keys name elements of arrays as in `overlaid`.
    """
    if not keys:
        return _in_place(node, value)
    (key, setting), *rest = keys
    made = Node({}, (setting,)) if rest else Node(None)  # The table or value that does not exist yet.
    if isinstance(node.value, list):
        gives_type = bool(rest) and rest[0][0] == "type"  # It adds an element if none has this name.
        change = Node({"type": value} if gives_type else {} if rest else value.value, (setting,))
        index = _index(node.value, key, change, path)
        elements = list(node.value)
        if isinstance(index, Diagnostic):
            problems.append(index)
        elif index is None:
            elements.append(with_value(made, rest, value, problems, (*path, key)))
        elif not rest and _removes(value, elements[index]):
            del elements[index]
        else:
            elements[index] = with_value(elements[index], rest, value, problems, (*path, key))
        return Node(elements, node.settings)
    if not isinstance(node.value, dict):  # A table replaces a value. The reader decides whether it may.
        node = Node({}, (*node.settings, setting))
    inner = with_value(node.value.get(key, made), rest, value, problems, (*path, key))
    return Node({**node.value, key: inner}, node.settings)


def _removes(change: Node, element: Node) -> bool:
    return change.value is False and isinstance(element.value, dict)


def _is_another_component(below: Node, above: Node) -> bool:
    types = below.child("type"), above.child("type")
    return types[0] is not None and types[1] is not None and types[0].value != types[1].value


def _index(elements: list[Node], name: str, change: Node, path: tuple[PathElement, ...]) -> int | Diagnostic | None:
    """The index of an element by its index, `name` or `type`; `None` for a new element; otherwise a problem."""
    if name.isdecimal() and int(name) < len(elements):
        return int(name)
    names: dict[str, list[int]] = {}
    for key in ("type", "name"):  # A name takes precedence over a type.
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
        return _problem(f'Several elements are called "{name}"; use an index instead: {places}.', change)
    is_beyond_the_end = name.isdecimal() and int(name) > len(elements)
    if change.child("type") is not None and not is_beyond_the_end:
        return None
    if name == "type":
        return _problem(f'"type" names no element. {_how_to_add(change, path)}', change)
    near = did_you_mean(name, names) if not name.isdecimal() else ""
    hint = " A new element needs a `type`." if isinstance(change.value, dict) and not name.isdecimal() else ""
    return _problem(f'There is no element "{shortened(name)}": {valid_indices(len(elements))}.{near}{hint}', change)


def _how_to_add(change: Node, path: tuple[PathElement, ...]) -> str:
    """How to add an element to the array."""
    of_its_own = ".".join(str(element) for element in (*path, "mine"))  # As a key, without brackets for indices.
    if change.settings and change.settings[0].source.directory is None:
        return f"To add an element, give it a name: {of_its_own}.type=…"
    name = dotted(path)
    several = "" if any(isinstance(element, int) for element in path) else f"; [[{name}]] replaces the array"
    return f"To add an element, give it a name, as in [{of_its_own}]{several}."


def _problem(message: str, change: Node) -> Diagnostic:
    return Diagnostic("invalid-change", message, place=change.settings[0].key if change.settings else None)
