"""Documents in which values are replaced by those of a search space, each with the place where the space gives it."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, fields, frozen

from hookline.check.toml.document import Document
from hookline.check.toml.merge import with_value
from hookline.check.toml.override import keys_of
from hookline.check.toml.text import Text
from hookline.check.toml.tree import Node, Setting
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.source import Place, Source
from hookline.errors.text import PathElement
from hookline.spec.dump import key_as_toml
from hookline.spec.space.domains import Choices, Domain, Range
from hookline.spec.space.space import Space, flattened, inner_name
from hookline.spec.training import SEVERAL, TrainingSpec

SECTIONS = tuple(attribute.name for attribute in fields(TrainingSpec))
"""The keys of a spec."""

SECTION = ("tune", "space")
"""The path of the search space in a document."""


def trial_document(document: Document, space: Space, values: Mapping[str, Any]) -> Document:
    """The document of a trial: that of the spec, without the tuner, with these values by parameter.

    Without any values, it is that of the spec itself.
    """
    nodes = domain_nodes(document)
    changes = {path: filled(path, space[path], nodes[path], values) for path in space} if values else {}
    return with_changes(document, changes, nodes)


def with_changes(document: Document, changes: Mapping[str, Node], nodes: Mapping[str, Node]) -> Document:
    """The document without the tuner, in which the values at these paths are replaced."""
    root = Node({key: node for key, node in document.root.value.items() if key != SECTION[0]}, document.root.settings)
    problems: list[Diagnostic] = list(document.problems)
    written = _written_keys(document)
    for path, value in changes.items():
        keys = path_keys(path)
        is_split = len(written[path]) == len(keys)
        settings = written[path] if is_split else [_last_setting(nodes[path])] * len(keys)
        places = [setting or _nowhere(path) for setting in settings]
        if keys[0] not in SECTIONS:  # The reader reports only that it is unknown, not also what is below it.
            keys, places, value = keys[:1], places[:1], Node({}, (places[0],))
        if len(keys) > 1 and keys[0] in SEVERAL and keys[0] not in root.value:
            root = Node({**root.value, keys[0]: Node([])}, root.settings)
        root = with_value(root, list(zip(keys, places, strict=True)), value, problems)
    return evolve(document, root=root, problems=tuple(problems))


def _written_keys(document: Document) -> dict[str, list[Setting | None]]:
    """For each path of the space, where each of its keys is written: also in the header of a table."""
    *_, section = document.root.along(SECTION)
    found = {}
    for keys, _ in flattened(_plain(section.value)):
        pairs = zip(keys, list(section.along(keys))[1:], strict=True)
        found[".".join(keys)] = [_last_setting(node) for key, node in pairs for _ in path_keys(key)]
    return found


def _last_setting(node: Node) -> Setting | None:
    return node.settings[-1] if node.settings else None


def place_of(path: str, document: Document, nodes: Mapping[str, Node]) -> tuple[PathElement, ...]:
    """The keys and indices that lead to the value that a path of the space replaces; empty if there is no such path."""
    mark = Node(object())
    return next(_places_of(mark, with_changes(document, {path: mark}, nodes).root), ())


def _places_of(mark: Node, node: Node, path: tuple[PathElement, ...] = ()) -> Iterator[tuple[PathElement, ...]]:
    """The paths of a value in a tree."""
    if node.value is mark.value:
        yield path
    if isinstance(node.value, (dict, list)):
        for key, element in node.value.items() if isinstance(node.value, dict) else enumerate(node.value):
            yield from _places_of(mark, element, (*path, key))


def _nowhere(path: str) -> Setting:
    """The setting of a change in a document from Python, which has no places."""
    keys = path_keys(path)
    return Setting(Text(Source("tune.space", f"{'.'.join(map(key_as_toml, keys))} = 0")), tuple(keys))


def path_keys(path: str) -> list[str]:
    """The keys of a path, such as "model.layers.0.out_features"; its own text, if it is not a path of TOML."""
    try:
        return [key for key, _ in keys_of(f"{path}=0")[0]]
    except ValueError:
        return [path]


def domain_nodes(document: Document) -> dict[str, Node]:
    """The node of each domain of the space by path."""
    root = document.root
    *_, section = root.along(SECTION)
    table = section.value
    found = {}
    for keys, _ in flattened(_plain(table)):
        *_, node = section.along(keys)
        found[".".join(keys)] = node
    return found


def _plain(value: Any) -> Any:
    """The plain values of nodes."""
    if isinstance(value, Node):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@frozen
class _Chosen(Setting):
    """The place of a value in its domain. Its key is that of the domain."""

    domain: Setting

    @property
    def key(self) -> Place:
        """The key of the domain."""
        return self.domain.key


def filled(name: str, domain: Domain, node: Node, values: Mapping[str, Any]) -> Node:
    """The value of a parameter in a trial with these values, with its place in the space."""
    value = values[name]
    if isinstance(domain, Range):
        written = next((node.value[bound] for bound in ("low", "high") if node.value[bound].value == value), node)
        chosen = Node(value, written.settings)
    else:
        index = domain.index(value)
        listed = node if isinstance(node.value, list) else node.value["choices"]
        chosen = _filled(inner_name(name, value, ()), domain.choices[index], listed.value[index], values)
    if not node.settings or not chosen.settings:
        return chosen
    place = chosen.settings[-1]
    return Node(chosen.value, (_Chosen(place.text, place.path, node.settings[-1]),))


def _filled(name: str, template: Any, node: Node, values: Mapping[str, Any]) -> Node:
    if isinstance(template, (Range, Choices)):
        return filled(name, template, node, values)
    if isinstance(template, dict):
        return Node(
            {key: _filled(f"{name}.{key}", inner, node.value[key], values) for key, inner in template.items()},
            node.settings,
        )
    if isinstance(template, list):
        elements = zip(template, node.value, strict=True)
        return Node([_filled(f"{name}.{index}", *pair, values) for index, pair in enumerate(elements)], node.settings)
    return node
