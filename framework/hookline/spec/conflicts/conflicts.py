"""The checks across the sections of a spec. Each names the sections that it needs, and runs when these are valid."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

from hookline.errors.exceptions import PluginError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import FaultError, OptionError
from hookline.spec.conflicts.callback_conflicts import callback_conflicts
from hookline.spec.conflicts.output_conflicts import output_conflicts
from hookline.spec.conflicts.tuner_conflicts import tuner_conflicts
from hookline.spec.families.data import DataSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.model import ModelSpec, missing_size
from hookline.spec.objective.ensemble import EnsembleObjective
from hookline.spec.objective.objective import Objective
from hookline.spec.options import Spec
from hookline.spec.sections.run_section import RunSpec
from hookline.spec.walk import walk

MOST_LOSSES = 500
"""The maximum number of losses in a spec, since a metric with a misspelled `target` is compared with all of them."""


def conflicts(sections: Mapping[str, Any]) -> Iterator[OptionError]:
    """Yield the conflicts in a spec with these sections, in their order.

    A check names the sections that it needs, and is skipped if one of them is missing because it is invalid.
    """
    if (objective := objective_of(sections)) is not None:
        sections = {**sections, "objective": objective}
    for check in (
        _check_losses,
        _check_objective,
        _check_sizes,
        _check_members,
        _check_accumulation,
        _check_validations,
        _check_labels,
        _check_metrics,
    ):
        *names, _ = get_type_hints(check)
        if all(name in sections for name in names):
            yield from check(*(sections[name] for name in names))
    for section in ("callbacks", "deploy"):
        yield from _check_repetitions(section, sections.get(section, ()))
    yield from callback_conflicts(sections.get("callbacks", ()), sections)
    yield from output_conflicts(sections.get("callbacks", ()), sections.get("deploy", ()))
    if sections.get("tune") is not None:
        yield from tuner_conflicts(sections["tune"], sections)


def _check_losses(loss: LossSpec | None, losses: Mapping[str, LossSpec] | None) -> Iterator[OptionError]:
    if loss is None and losses is None:
        yield OptionError("loss", "This section is missing. It must be a loss with a `type`.")
    elif loss is not None and losses is not None:
        yield OptionError("losses", "A spec has either [loss] or [losses]: remove one.", against=[("loss",)])
    elif loss is None and not losses:
        yield OptionError("losses", "There must be at least one loss.")
    for name in losses or ():
        if not name or "." in name:
            message = "The name of a loss must have at least one character and no dot."
            yield OptionError("losses", message, name, on_key=True, id="invalid-value")
    if losses is not None and len(losses) > MOST_LOSSES:
        message = f"These are {len(losses):,} losses, but a spec has at most {MOST_LOSSES}."
        yield OptionError("losses", message, id="size-limit")


def objective_of(sections: Mapping[str, Any]) -> Objective | None:
    """Return the objective of these sections; `None` if one is invalid, or if not exactly one of them is set."""
    if not {"loss", "losses"} <= sections.keys():
        return None
    loss, losses = sections["loss"], sections["losses"]
    if len(losses or ()) > MOST_LOSSES:
        return None
    return Objective.of(loss, losses) if (loss is None) == bool(losses) else None


def _check_objective(objective: Objective) -> Iterator[OptionError]:
    for named in objective.losses.values():
        try:
            with attributed_to(type(named.loss)):
                yield from named.conflicts()
        except PluginError as error:
            yield named.fault(error)


def _check_sizes(model: ModelSpec, objective: Objective) -> Iterator[OptionError]:
    """Report each layer without a number of outputs that the losses do not set."""
    try:
        sizes = objective.output_sizes()
        sized = model.sized(sizes)
    except (OptionError, PluginError):  # It is reported where it belongs.
        return
    for path, layer in walk(sized):
        if isinstance(layer, ModelSpec) and (name := missing_size(layer)) is not None:
            if not sizes:
                losses = ", ".join(dict.fromkeys(type(named.loss).__name__ for named in objective.losses.values()))
                why = f"{losses} {'takes' if len(objective.losses) == 1 else 'take'} any number of outputs"
            else:
                why = "Only the layer that computes the inputs of the loss can omit it"
            message = f"`{name}` of {type(layer).__name__} is missing. {why}."
            yield OptionError("model", message, *path, id="missing-option")


def _check_members(model: ModelSpec, objective: Objective) -> Iterator[OptionError]:
    try:
        with attributed_to(type(model), ("model",)):
            members = model.members
        if members is not None:
            losses = {name: named.loss for name, named in objective.losses.items()}
            yield from EnsembleObjective(losses, members).conflicts()
    except PluginError as error:
        yield FaultError("model", str(error))


def _check_accumulation(run: RunSpec, objective: Objective) -> Iterator[OptionError]:
    for named in objective.losses.values() if run.accumulate > 1 else ():
        try:
            with attributed_to(type(named.loss)):
                named.loss.check_accumulation()
        except ValueError as error:
            yield OptionError("run", str(error), "accumulate", against=[(*named.path, "type")])
        except PluginError as error:
            yield named.fault(error)


def _check_validations(run: RunSpec, data: DataSpec) -> Iterator[OptionError]:
    for name in ("validate_every_steps", "validate_every_epochs"):
        if getattr(run, name) is not None and data.has_validation is False:
            message = "This has no effect, since the data has no validation split."
            yield OptionError("run", message, name, against=[("data",)], id="unused-option")


def _check_labels(metrics: Sequence[MetricSpec]) -> Iterator[OptionError]:
    first: dict[str, int] = {}
    for index, metric in enumerate(metrics):
        try:
            with attributed_to(type(metric)):
                label = metric.label
        except PluginError as error:
            yield FaultError("metrics", str(error), index)
            continue
        if label == "loss" or label.startswith("loss["):  # The names under which losses are logged.
            message = f'A metric cannot have the name "{label}": set another `name`.'
            yield OptionError("metrics", message, index, id="duplicate-name")
        elif label in first:
            message = f'Several metrics have the name "{label}": set a different `name` for each.'
            yield OptionError("metrics", message, index, against=[("metrics", first[label])], id="duplicate-name")
        first.setdefault(label, index)


def _check_metrics(metrics: Sequence[MetricSpec], objective: Objective) -> Iterator[OptionError]:
    for index, metric in enumerate(metrics):
        place: tuple[str, ...] = ("losses",) if objective.names else ("loss", "type")
        try:
            named = objective.named(metric.target)
            place = (*named.path, "type")
            with attributed_to(type(named.loss)):
                metric.refuse_other_kinds(named.loss)
            with attributed_to(type(metric)):
                metric.check(named.loss)
        except OptionError as error:
            placed = error.within("metrics", index)
            yield placed if placed.against else placed.related_to(place)
        except ValueError as error:
            yield OptionError("metrics", str(error), index, "type", against=[place])
        except PluginError as error:
            yield FaultError("metrics", str(error), index)


def _check_repetitions(section: str, listed: Sequence[Spec]) -> Iterator[OptionError]:
    first: dict[Spec, int] = {}
    for index, component in enumerate(listed):
        try:
            place = first.setdefault(component, index)
        except TypeError:  # A third party's options need not be hashable.
            place = listed.index(component)
        if place != index:
            message = f"{type(component).__name__} is listed twice, with the same options."
            yield OptionError(section, message, index, against=[(section, place)], id="duplicate-component")
