"""Metrics that are added to those of a finished run, as text, tables or specs."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import tomli
from attrs import evolve

from hookline.check.load import Loader
from hookline.check.toml.document import Document
from hookline.check.toml.spans import KeyPath, Span, Spans
from hookline.check.toml.text import Text
from hookline.check.toml.tree import Node, Setting, without_places
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, SpecError
from hookline.errors.source import Place, Source
from hookline.errors.text import shortened
from hookline.spec.dump import plain
from hookline.spec.families.metric import MetricSpec
from hookline.spec.training import TrainingSpec

_TYPE = re.compile(r"\s*([^\s=]+)")
_OPTION = re.compile(r"""\s+(\w+)=("[^"]*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^\s"'\[{]\S*)""")

AddedMetric = str | Mapping[str, object] | MetricSpec | Node
"""A metric as text ("F1Score average=macro"), as a table with its `type`, as a spec, or as a part of a document."""


def with_metrics(document: Document, loader: Loader, added: Iterable[AddedMetric]) -> tuple[Document, TrainingSpec]:
    """Return the document and the spec with more metrics; one with the name of another replaces it.

    Raises:
        SpecError: If a metric is unknown, has wrong options, or does not fit the loss.

    """
    existing = document.root.value.get("metrics", Node([]))
    metrics: list[Node] = list(existing.value)
    for one in [added] if isinstance(added, (str, Mapping, MetricSpec)) else added:
        node = _node(one)
        if (
            same := next((index for index, other in enumerate(metrics) if _label(other) == _label(node)), None)
        ) is None:
            metrics.append(node)
        else:
            metrics[same] = node
    root = Node({**document.root.value, "metrics": Node(metrics, existing.settings)}, document.root.settings)
    changed = evolve(document, root=root)
    return changed, loader.load(changed)


def metric_of_text(text: str, option: str = "metric") -> Node:
    """Return the table of a metric that is written as a type with options, such as "F1Score average=macro".

    A value is written as in TOML; a bare word is a string. `option` is the name of the text in messages.

    Raises:
        SpecError: If the text has another form.

    """
    source = Source(f"{option} {shortened(text)}", text)
    known = _TYPE.match(text)
    end = 0 if known is None else known.end()
    values: dict[str, object] = {} if known is None else {"type": known[1]}
    spans: dict[KeyPath, Span] = {} if known is None else {("type",): known.span(1)}
    keys = dict(spans)
    while (found := _OPTION.match(text, end)) is not None and found[1] not in values:
        end = found.end()
        values[found[1]] = _value(found[2])
        keys[(found[1],)], spans[(found[1],)] = found.span(1), found.span(2)
    if known is None or text[end:].strip():
        message = "This is not a metric with its options, such as `F1Score average=macro`."
        rest = Place(source, end + len(text[end:]) - len(text[end:].lstrip()), len(text))
        raise SpecError([Diagnostic("invalid-change", message, place=rest)], source.name)
    whole = Text(source, Spans({(): (0, len(text)), **keys}, {(): (0, len(text)), **spans}))
    # The parts of a value have no places: messages point at the whole value.
    options = {name: Node(without_places(value).value, (Setting(whole, (name,)),)) for name, value in values.items()}
    return Node(options, (Setting(whole, ()),))


def _value(text: str) -> object:
    try:
        return tomli.loads(f"value={text}")["value"]
    except tomli.TOMLDecodeError:
        return text


def _node(metric: AddedMetric) -> Node:
    if isinstance(metric, Node):
        return metric
    if isinstance(metric, str):
        return metric_of_text(metric)
    if isinstance(metric, MetricSpec):
        return without_places(plain(metric, Path()))
    if isinstance(metric, Mapping):
        return without_places(dict(metric))
    raise HooklineError(
        f'A metric must be a text such as "F1Score average=macro", a table or a spec, not {type(metric).__name__}.'
    )


def _label(metric: Node) -> object:
    """Return the name of a metric in the results."""
    name = metric.child("name") or metric.child("type")
    return None if name is None else name.value
