"""The deployment targets of a finished run: those of its spec, or one that is chosen later."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.toml.document import Document
from hookline.check.toml.override import changed
from hookline.check.toml.spans import KeyPath, Span, Spans
from hookline.check.toml.text import Text
from hookline.check.toml.tree import Node, Setting, without_places
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, SpecError
from hookline.errors.source import Source
from hookline.spec.dump import plain
from hookline.spec.families.deploy import DeploySpec

ChosenTarget = str | Mapping[str, object] | DeploySpec | Node
"""A deployment target as its type, as a table with its `type`, as a spec, or as a part of a document."""


def chosen_target(document: Document, loader: Loader, target: ChosenTarget) -> DeploySpec:
    """Return the spec of a deployment target for a finished run.

    Args:
        document: the spec of the run.
        loader: the loader with the plugins of the run.
        target: the target.

    Raises:
        SpecError: If the target is unknown or has wrong options.

    """
    root = Node({**document.root.value, "deploy": Node([_node(target)])}, document.root.settings)
    [spec] = loader.load(evolve(document, root=root)).deploy
    return spec


def target_of_texts(kind: str, changes: Iterable[str]) -> Node:
    """Return the table of a target from its type and its options, such as `tolerance=1e-5`, of the command line.

    Raises:
        SpecError: If an option has another form.

    """
    source = Source(f"--type {kind}", kind)
    spans: dict[KeyPath, Span] = {("type",): (0, len(kind))}
    text = Text(source, Spans(dict(spans), dict(spans)))
    node = Node({"type": Node(kind, (Setting(text, ("type",)),))})
    problems: list[Diagnostic] = []
    for change in changes:
        node = changed(node, change, (), problems)
    if problems:
        raise SpecError(problems, source.name)
    return node


def _node(target: ChosenTarget) -> Node:
    if isinstance(target, Node):
        return target
    if isinstance(target, str):
        return Node({"type": Node(target)})
    if isinstance(target, DeploySpec):
        return without_places(plain(target, Path()))
    if isinstance(target, Mapping):
        return without_places(dict(target))
    raise HooklineError(
        f'A deployment target must be its type, such as "Safetensors", a table or a spec, not {type(target).__name__}.'
    )
