"""The spec of the last training of a study: that of a trial, with the validation rows among the training rows."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import evolve

from hookline.check.space.variants import trial_document
from hookline.check.toml.document import Document
from hookline.check.toml.tree import Node, Setting, without_places
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.option_errors import OptionError
from hookline.spec.dump import plain
from hookline.spec.families.tuner import TunerSpec

SECTION = ("tune", "refit")
"""The path of the option."""

Sections = Callable[[Document], tuple[dict[str, Any], list[Diagnostic]]]
"""Reads a document: returns its valid sections and its problems."""


def refit_document(
    document: Document,
    tuner: TunerSpec,
    values: Mapping[str, Any],
    read: Sections,
    *,
    epochs: int | None = None,
    has_test: bool = True,
) -> Document:
    """The document of a trial that is trained on training and validation rows.

    Callbacks that follow the validation are left out: their effect is the number of epochs. So are callbacks that only
    observe the training, if they need a validation split.

    Args:
        document: the document of the spec, with its tuner.
        tuner: the tuner.
        values: the values of the trial.
        read: reads a document.
        epochs: the number of epochs. Default: that of the trial.
        has_test: whether there is a test split, without which metrics have no rows.

    Raises:
        OptionError: if the data source cannot do it.

    """
    trial = trial_document(document, tuner.space, values)
    *_, written = document.root.along(SECTION)
    setting = written.settings[-1:]
    sections, problems = read(trial)
    if problems:
        return trial
    changes = {"data": plain(dict(sections["data"].without_validation()), trial.directory), "run": {}}
    if epochs is not None:
        changes["run"]["epochs"] = epochs
    root = _changed(trial.root, changes, setting)
    root = _without(root, ("run",), ("validate_every_steps", "validate_every_epochs"))
    if not has_test:
        root = _without(root, (), ("metrics",))
    callbacks = sections["callbacks"]
    removed = {index for index, callback in enumerate(callbacks) if callback.follows_validation}
    made = evolve(trial, root=_without_callbacks(root, removed))
    places = [problem.path for problem in read(made)[1] if problem.path[:1] == ("callbacks",)]
    unfit = {path[1] for path in places if len(path) > 1}
    kept = [index for index in range(len(callbacks)) if index not in removed]
    removed |= {kept[place] for place in unfit if isinstance(place, int) and callbacks[kept[place]].only_observes}
    return evolve(trial, root=_without_callbacks(root, removed))


def problems_of_refit(
    document: Document, tuner: TunerSpec, values: Mapping[str, Any], read: Sections
) -> list[Diagnostic]:
    """The problems of the last training, with the values of a trial, which has none."""
    try:
        made = refit_document(document, tuner, values, read)
    except OptionError as error:
        path = ("data", *error.diagnostic.path)
        return [document.locate(Diagnostic("conflicting-options", str(error), SECTION, related=(path,)))]
    why = "This is so after the search, when `refit` adds the validation rows to the training rows."
    return [evolve(problem, help=f"{problem.help} {why}".lstrip()) for problem in read(made)[1]]


def _changed(node: Node, changes: Mapping[str, Any], setting: tuple[Setting, ...]) -> Node:
    """The tree with other values, each with the place of the option that changes it."""
    made = dict(node.value)
    for key, value in changes.items():
        below = made.get(key)
        if isinstance(value, Mapping) and (below is None or isinstance(below.value, dict)):
            made[key] = _changed(below or Node({}, setting), value, setting)
        else:
            made[key] = Node(without_places(value).value, setting)
    return Node(made, node.settings)


def _without(node: Node, path: tuple[str, ...], keys: Collection[str]) -> Node:
    """The tree without some keys of the table at a path."""
    if path:
        if path[0] not in node.value:
            return node
        return Node({**node.value, path[0]: _without(node.value[path[0]], path[1:], keys)}, node.settings)
    return Node({key: inner for key, inner in node.value.items() if key not in keys}, node.settings)


def _without_callbacks(root: Node, removed: Collection[int]) -> Node:
    if not removed:
        return root
    listed = root.value["callbacks"]
    kept = [one for index, one in enumerate(listed.value) if index not in removed]
    return Node({**root.value, "callbacks": Node(kept, listed.settings)}, root.settings)
