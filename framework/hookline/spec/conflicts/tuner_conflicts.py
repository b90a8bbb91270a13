"""Conflicts between the tuner and the other sections of a spec."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields

from hookline.errors.exceptions import PluginError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import FaultError, OptionError
from hookline.spec.families.data import DataSpec
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.space import Space


def tuner_conflicts(tune: TunerSpec, sections: Mapping[str, Any]) -> Iterator[OptionError]:
    """Yield the errors of a tuner that concern other sections, of which `sections` has the valid ones."""
    try:
        with attributed_to(type(tune)):
            tune.check(**sections)
    except OptionError as error:
        yield error.at("tune")
    except ValueError as error:
        yield OptionError("tune", str(error))
    except PluginError as error:
        yield FaultError("tune", str(error))
    data = sections.get("data")
    if tune.folds and data is not None:
        try:
            with attributed_to(type(data)):
                each = data.each_fold()
        except PluginError as error:
            yield FaultError("data", str(error))
        else:
            yield from _of_folds(data, each, tune.space)


def _of_folds(data: DataSpec, each: "tuple[DataSpec, ...]", space: Space) -> Iterator[OptionError]:
    if not each:
        message = "The data has no folds to train each trial on."
        yield OptionError("tune", message, "folds", against=[("data",)])
        return
    chosen = {one.name for one in fields(type(data)) if len({repr(getattr(fold, one.name)) for fold in each}) > 1}
    for name in sorted(chosen):
        if (path := f"data.{name}") in space:
            message = "This has no effect: each trial is trained on all folds."
            yield OptionError("tune", message, "space", path, against=[("tune", "folds")], id="unused-option")
