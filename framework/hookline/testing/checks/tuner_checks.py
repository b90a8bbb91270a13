"""Checks for tuners."""

import math

from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.domains import Choices
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter
from hookline.testing.components_under_test import Component
from hookline.testing.outcomes import refuse

ASKED = 4
"""The number of trials that are asked for."""


def suggests_values(component: Component) -> None:
    """Check that a tuner suggests values of its space, and the same ones again for the same results."""
    tuner: TunerSpec = component.example
    directions = [False] * len(tuner.monitors)
    search, known = tuner.build(0, directions), list[TrialRecord]()
    for number in range(1, ASKED + 1):
        record = search.suggest(number, tuple(known))
        if record is None:
            break
        _refuse_strange_values(component, tuner, record)
        # A process that joins later knows the results, but has not suggested the trials.
        again = tuner.build(0, directions).suggest(number, tuple(known))
        if again is None or dict(again.values) != dict(record.values):
            refuse(
                f"{component.name} suggests other values for trial {number} when it is built again: what `suggest` "
                "returns must depend only on the seed and its arguments."
            )
        record.state, record.results = "finished", [1.0 / number] * len(tuner.monitors)
        record.curve[1] = 1.0 / number
        known.append(record)


def _refuse_strange_values(component: Component, tuner: TunerSpec, record: TrialRecord) -> None:
    missing: list[str] = []

    def value_of(parameter: Parameter) -> object:
        value = record.values.get(parameter.name)
        if value is None:
            missing.append(parameter.name)
            return parameter.domain.labels[0] if isinstance(parameter.domain, Choices) else parameter.domain.low
        return value

    values = tuner.space.chosen(value_of)
    if missing or set(values) != set(record.values):
        refuse(
            f"{component.name} suggests {sorted(record.values)}, but a trial with these choices has {sorted(values)}: "
            "use `space.chosen`."
        )
    for parameter in tuner.space.parameters():
        if parameter.name in values and not _is_in(parameter, values[parameter.name]):
            refuse(f"{component.name} suggests {values[parameter.name]} for {parameter.name}, outside of its domain.")


def _is_in(parameter: Parameter, value: object) -> bool:
    domain = parameter.domain
    if isinstance(domain, Choices):
        return any(type(label) is type(value) and label == value for label in domain.labels)
    if not isinstance(value, int if domain.is_integer else (int, float)) or isinstance(value, bool):
        return False
    return math.isfinite(value) and domain.low <= value <= domain.high
