"""The content of the pictures of a study: its trials, the best of them, its parameters and their importance."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from attrs import field, frozen

from hookline.plots.curves import drawable
from hookline.runs.study import StudyPlan, is_comparable
from hookline.spec.space.domains import Choices
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter, Space
from hookline.tuning.pictures.scale import Scale, scale_of


@frozen(kw_only=True, slots=False)
class Trials:
    """The trials of a study that have ended."""

    records: Sequence[TrialRecord]
    """The trials, in the order of their numbers."""
    plan: StudyPlan
    """What the study monitors."""
    space: Space
    """The values to choose from."""
    importances: Mapping[str, float] = field(factory=dict)
    """How important parameters are for the results, as parts of 1. It is empty if it is not known."""

    @cached_property
    def compared(self) -> list[TrialRecord]:
        """The trials that may be the best."""
        return [record for record in self.records if is_comparable(record)]

    @cached_property
    def best(self) -> list[TrialRecord]:
        """The best trials: one, or with several monitored numbers those that no other beats."""
        return self.plan.best(self.records)

    @cached_property
    def parameters(self) -> list[Parameter]:
        """The parameters that any trial has, in the order of the space."""
        return [one for one in self.space.parameters() if any(one.name in record.values for record in self.records)]

    @cached_property
    def names(self) -> dict[str, str]:
        """A short name of each parameter."""
        return short_names([one.name for one in self.space.parameters()])

    def telling(self, most: int) -> list[Parameter]:
        """The parameters that say most, in the order of the space: the important ones, then those of most trials."""
        counts = {one.name: sum(one.name in record.values for record in self.records) for one in self.parameters}
        chosen = sorted(self.parameters, key=lambda one: (-self.importances.get(one.name, 0.0), -counts[one.name]))
        return [one for one in self.parameters if one in chosen[:most]]

    def text(self, parameter: Parameter, record: TrialRecord) -> str:
        """The value of a parameter in a trial that has it."""
        return parameter.text(record.values[parameter.name])

    def result(self, record: TrialRecord, monitor: int = 0) -> float:
        """A monitored number of a trial; NaN if it has none that can be drawn."""
        return drawable(None if record.results is None else record.results[monitor])

    def with_result(self, state: str) -> list[TrialRecord]:
        """The trials with this state whose results can be drawn; "compared" are those that may be the best."""
        listed = self.compared if state == "compared" else [one for one in self.records if one.state == state]
        return [record for record in listed if self.result(record) == self.result(record)]

    def scale(self, monitor: int = 0) -> Scale:
        """How a monitored number is drawn."""
        numbers = [self.result(record, monitor) for record in self.records]
        return scale_of([number for number in numbers if number == number], is_maximized=self.plan.maximized[monitor])


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The shortest end of each name that no other name has, and that is not a mere number.

    >>> short_names(["optimizer", "optimizer.SGD.lr", "optimizer.Adam.lr", "model.layers.0", "data.batch_size"])
    {'optimizer': 'optimizer', 'optimizer.SGD.lr': 'SGD.lr', 'optimizer.Adam.lr': 'Adam.lr', 'model.layers.0': \
'layers.0', 'data.batch_size': 'batch_size'}
    """
    known = [f".{name}" for name in names]
    short = {}
    for name in names:
        parts = name.split(".")
        ends = (".".join(parts[index:]) for index in reversed(range(len(parts))))
        clear = (end for end in ends if not end.isdecimal() and sum(one.endswith(f".{end}") for one in known) == 1)
        short[name] = next(clear, name)
    return short


def place_of(parameter: Parameter) -> Callable[[TrialRecord], Any]:
    """A function that returns where the value of a trial is drawn: itself, or of a choice its index."""
    domain = parameter.domain
    if not isinstance(domain, Choices):
        return lambda record: record.values[parameter.name]
    return lambda record: domain.index(record.values[parameter.name])


def spread(record: TrialRecord) -> float:
    """A number from -0.5 to 0.5 by which trials with the same choice are drawn beside one another."""
    return record.number * 0.6180339887 % 1 - 0.5
