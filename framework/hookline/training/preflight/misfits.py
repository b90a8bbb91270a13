"""Where in a spec that stands which does not fit: what a loss, a metric or the data say becomes a path."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import fields

from hookline.errors.exceptions import DataError, MisfitError, OptionError
from hookline.errors.text import PathElement
from hookline.spec.families.components import DataSpec, ModelSpec
from hookline.spec.families.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.walk import items, walk

Keys = tuple[PathElement, ...]


def misfit_of_loss(error: OptionError, spec: TrainingSpec) -> MisfitError:
    """The error of a loss about outputs and targets, whose path is in the spec.

    One about a loss as a whole is also about the layer of the model with its output, unless it names another place.
    """
    against: list[Keys] = list(error.against)
    if not against and isinstance(_at(spec, error.path), LossSpec):
        place = spec.model.ending if error.path == ("loss",) else _giving(error.path[-1], spec.model)
        against = [("model", *place)]
    return MisfitError(str(error), error.path, against=against)


def _at(value: Any, path: Keys) -> Any:
    """What stands there in a component; nothing if there is none."""
    for key in path:
        value = dict(items(value)).get(key)
    return value


def _giving(output: PathElement, model: ModelSpec) -> Keys:
    """What in a model gives the output of this name, or else what it ends in."""
    ending = _at(model, model.ending)
    for option in fields(type(ending)) if isinstance(ending, Spec) else ():
        layer = _at(ending, (option.name, output))
        if isinstance(layer, ModelSpec):
            return (*model.ending, option.name, output, *layer.ending)
    return model.ending


def misfit_of_metric(error: Exception, metric: MetricSpec, spec: TrainingSpec, split: str) -> MisfitError:
    """What a metric says of predictions and targets: at the one of its options that the message names in backticks."""
    message = " ".join(str(error).split()).rstrip(".")
    place = ("metrics", spec.metrics.index(metric))
    if isinstance(error, OptionError):  # An option is wrong for every split.
        return MisfitError(f"{metric.label} cannot be computed. {message}.", (*place, *error.path))
    told = f"{metric.label} cannot judge the {split} split. {message}."
    options = {option.name: option.default for option in fields(type(metric))}
    named = [name for name in re.findall(r"`(\w+)`", message) if name in options]
    given = next((name for name in named if getattr(metric, name) != options[name]), None)
    return MisfitError(told, place if given is None else (*place, given))


def path_of_data(error: DataError, data: DataSpec) -> Keys:
    """What of the data an error is about: the path or file that it begins with, or a column that is named in both.

    An option that is given, and that the message names in backticks, is meant by it. That a cell is wrong is the fault
    of the file.
    """
    message = str(error)
    if begun := re.match(r"data(\.\w+)*(?=: )", message):
        return tuple(begun[0].split("."))
    named = set(re.findall(r"`(\w+)`", message))
    if given := next((path for path in _given(data) if path[-1] in named), None):
        return ("data", *given)
    texts = list(_texts(data))
    files = [path for path, text in texts if isinstance(text, Path) and message.startswith((f"{text}: ", f"{text}, "))]
    if own := next((path for path in files if path[-1] in ("validation", "test")), None):
        return ("data", *own)  # The column is right in the other files.
    names = set() if re.search(r"\brow \d", message) else set(re.findall(r'"([^"]*)"', message))
    columns = (path for path, text in texts if text in names)
    return ("data", *next(chain(columns, files), ()))


def choosing_column(error: DataError, data: DataSpec) -> list[Keys]:
    """What in the data chooses the column in which a cell is wrong: the other place that may be meant otherwise."""
    cell = re.search(r'\brow \d+, column "([^"]*)"', str(error))
    names = [(path, text) for path, text in _texts(data) if cell and isinstance(text, str)]
    exact = [path for path, text in names if cell and text == cell[1]]
    like = [path for path, text in names if cell and fnmatchcase(cell[1], text)]
    return [("data", *path) for path in (exact or like)[:1]]


def _given(value: Spec, path: Keys = ()) -> Iterator[Keys]:
    """The paths of the options of a component, and of those inside, that are not left out."""
    for option in fields(type(value)):
        given = getattr(value, option.name)
        if given != option.default:
            yield (*path, option.name)
        if isinstance(given, Spec):
            yield from _given(given, (*path, option.name))


def _texts(component: DataSpec) -> Iterator[tuple[Keys, str | Path]]:
    """The strings and paths in the options of a component, with their paths."""
    return ((path, value) for path, value in walk(component) if isinstance(value, (str, Path)))
