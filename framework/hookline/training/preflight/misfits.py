"""Where in a spec something stands that does not fit: what a loss, a metric or the data raise, with its path."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from attrs import fields

from hookline.errors.diagnostic import Diagnostic, Keys
from hookline.errors.exceptions import DataError, MisfitError, OptionError
from hookline.errors.text import PathElement
from hookline.spec.families.components import DataSpec, ModelSpec
from hookline.spec.families.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.walk import items, walk


def misfit_of_loss(error: OptionError, spec: TrainingSpec) -> MisfitError:
    """The error of a loss about outputs and targets, whose path is in the spec.

    One about a loss as a whole is also about the layer of the model with its output, unless it names another place.
    """
    against: list[Keys] = list(error.against)
    if not against and isinstance(_at(spec, error.path), LossSpec):
        place = spec.model.ending if error.path == ("loss",) else _giving(error.path[-1], spec.model)
        against = [("model", *place)]
    return MisfitError(str(error), error.path, against=against, id="unfit-outputs")


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
    """What a metric says of predictions and targets: at its option if it raises an `OptionError`."""
    message = " ".join(str(error).split()).rstrip(".")
    place = ("metrics", spec.metrics.index(metric))
    if isinstance(error, OptionError):  # An option is wrong for every split.
        message = f"{metric.label} cannot be computed. {message}."
        return MisfitError(message, (*place, *error.path), id="unfit-metric")
    return MisfitError(f"{metric.label} cannot be computed on the {split} split. {message}.", place, id="unfit-metric")


def located(error: DataError, data: DataSpec) -> Diagnostic:
    """What is wrong with the data, at the option that it is about, or that chose the file or the column.

    That a cell is wrong is the fault of the file; what chooses its column may be meant otherwise, too.
    """
    texts = list(_texts(data))
    files = [path for path, text in texts if isinstance(text, Path) and str(text) == str(error.file)]
    chosen = [path for path, text in texts if isinstance(text, str) and text in error.columns]
    related: tuple[Keys, ...] = ()
    if error.option is not None:
        place = error.option
    elif own := next((path for path in files if path[-1] in ("validation", "test")), None):
        place = own  # The column is right in the other files.
    else:
        place = next(iter(chosen if chosen and not error.row else files), ())
    if error.row and error.columns:
        names = [(path, text) for path, text in texts if isinstance(text, str)]
        like = [path for path, text in names if fnmatchcase(error.columns[0], text)]
        related = tuple(("data", *path) for path in (chosen or like)[:1])
    return Diagnostic(error.id, str(error), ("data", *place), related=related)


def _texts(component: DataSpec) -> Iterator[tuple[Keys, str | Path]]:
    """The strings and paths in the options of a component, with their paths."""
    return ((path, value) for path, value in walk(component) if isinstance(value, (str, Path)))
