"""Locate the errors of losses, metrics and data sources in the spec."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from attrs import fields

from hookline.errors.diagnostic import Diagnostic, Keys
from hookline.errors.exceptions import DataError, MismatchError
from hookline.errors.option_errors import OptionError
from hookline.errors.text import PathElement
from hookline.spec.families.data import DataSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.walk import at, walk


def mismatch_of_loss(error: OptionError, spec: TrainingSpec) -> MismatchError:
    """The error of a loss about outputs and targets, with its path in the spec.

    An error about a loss as a whole also points to the layer that computes its output, unless it names another place.
    """
    against: list[Keys] = list(error.against)
    if not against and isinstance(at(spec, error.path), LossSpec):
        place = spec.model.ending if error.path == ("loss",) else _head_path(error.path[-1], spec.model)
        against = [("model", *place)]
    return MismatchError(str(error), error.path, against=against, id="unfit-outputs")


def _head_path(output: PathElement, model: ModelSpec) -> Keys:
    """The path of the part of a model that computes the output with this name, or else of its final layer."""
    ending = at(model, model.ending)
    for option in fields(type(ending)) if isinstance(ending, Spec) else ():
        layer = at(ending, (option.name, output))
        if isinstance(layer, ModelSpec):
            return (*model.ending, option.name, output, *layer.ending)
    return model.ending


def mismatch_of_metric(error: Exception, metric: MetricSpec, spec: TrainingSpec, split: str) -> MismatchError:
    """The error of a metric about predictions and targets; for an `OptionError`, at the option."""
    message = " ".join(str(error).split()).rstrip(".")
    place = ("metrics", spec.metrics.index(metric))
    if isinstance(error, OptionError):  # An option is wrong for every split.
        message = f"{metric.label} cannot be computed. {message}."
        return MismatchError(message, (*place, *error.path), id="unfit-metric")
    return MismatchError(
        f"{metric.label} cannot be computed on the {split} split. {message}.", place, id="unfit-metric"
    )


def in_spec(error: DataError, data: DataSpec) -> Diagnostic:
    """Locate a data error at its option, or at the option that selects the file or the column.

    An error in a cell points to the option for the file; the option that selects its column is a related place.
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
        defaults = {option.name: option.default for option in fields(type(data))}
        set_here = {name for name, default in defaults.items() if getattr(data, name) != default}
        names = [(path, text) for path, text in texts if isinstance(text, str) and path[0] in set_here]
        like = [path for path, text in names if fnmatchcase(error.columns[0], text)]
        related = tuple(("data", *path) for path in (chosen or like)[:1])
    return Diagnostic(error.id, str(error), ("data", *place), related=related)


def _texts(component: DataSpec) -> Iterator[tuple[Keys, str | Path]]:
    """The strings and paths in the options of a component, with their paths."""
    return ((path, value) for path, value in walk(component) if isinstance(value, (str, Path)))
