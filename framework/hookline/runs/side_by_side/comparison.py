"""Compare runs: the settings that differ among them, their metrics, and how to sort and filter by these."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import tomli
from attrs import define, frozen

from hookline.data.numerics import is_number
from hookline.errors.exceptions import HooklineError
from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import quoted, shortened
from hookline.runs.side_by_side.summary import RunSummary

ATTRIBUTES = ("run", "state", "epochs", "checkpoint", "seconds")
"""The columns that do not depend on the specs. "checkpoint" is left out of tables of runs without one."""

FIRST_SPLITS = ("validation", "test", "training")
"""The splits in the order of their importance for a comparison."""

NAME = "run.name"
"""The setting that is not compared if another one differs: it often follows from the name of the file."""


class Missing:
    """Stands for a setting or a metric that a run does not have."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


@define(eq=False, slots=False)
class Comparison:
    """Several runs side by side."""

    runs: Sequence[RunSummary]

    @cached_property
    def settings(self) -> list[str]:
        """The paths of the settings in which the runs differ, in the order of the specs.

        If components have different types, their options are left out, unless all runs have the option, or runs with
        the same type differ in it: that SGD has a momentum and Adam has none follows from their types.
        """
        runs = [run for run in self.runs if run.settings]  # Nothing is known of a run whose spec is damaged.
        paths = dict.fromkeys(path for run in runs for path in run.settings)
        differing = [path for path in paths if self._differ(runs, path)]
        return [path for path in differing if path != NAME] or differing

    def _differ(self, runs: Sequence[RunSummary], path: str) -> bool:
        """Whether runs differ in a setting that they have in common."""
        values = [self.setting(run, path) for run in runs]
        if all(_same(values[0], value) for value in values):
            return False
        if MISSING not in values and not path.endswith("].type"):  # The array has the types of its elements.
            return True
        known: dict[tuple[Any, ...], Any] = {}
        parents = _parents(path)
        for run, value in zip(runs, values, strict=True):
            context = tuple(repr(run.settings.get(parent)) for parent in parents)
            if not _same(known.setdefault(context, value), value):
                return True
        return False

    @cached_property
    def metrics(self) -> list[str]:
        """The names of the metrics that any run has, those of the validation split first."""
        names = dict.fromkeys(name for run in self.runs for name in run.metrics)
        splits = [*FIRST_SPLITS, *(name.partition("/")[0] for name in names)]
        return sorted(names, key=lambda name: splits.index(name.partition("/")[0]))

    @property
    def attributes(self) -> list[str]:
        """The columns that do not depend on the specs."""
        has_checkpoints = any(run.checkpoint is not None for run in self.runs)
        return [name for name in ATTRIBUTES if name != "checkpoint" or has_checkpoints]

    def setting(self, run: RunSummary, path: str) -> Any:
        """The value of a setting in a run, or `MISSING`."""
        return run.settings.get(path, MISSING)

    def value(self, run: RunSummary, name: str) -> Any:
        """The value of a column in a run: an attribute, a metric or a setting; `MISSING` if the run has none."""
        if name in ATTRIBUTES:
            value = str(run.directory) if name == "run" else getattr(run, name)
            return MISSING if value is None else value
        return run.metrics[name] if name in run.metrics else self.setting(run, name)

    def resolved(self, name: str) -> str:
        """The full name of a column, from its full name or a unique last part, such as `lr` for `optimizer.lr`.

        Raises:
            HooklineError: if no run has it, or if several columns end like this.

        """
        known = dict.fromkeys([*ATTRIBUTES, *self.metrics, *(path for run in self.runs for path in run.settings)])
        if name in known:
            return name
        ending = [other for other in known if other.endswith((f".{name}", f"/{name}"))]
        # "loss" means the first of "validation/loss", "test/loss" and "training/loss".
        settings = [other for other in ending if other not in self.metrics]
        if len(ending) == 1 or (ending and not settings):
            return ending[0]
        if ending:
            several = " or ".join(quoted(other) for other in ending[:3])
            raise HooklineError(f"{quoted(shortened(name))} can mean {several}: pass the full name.")
        last = {re.split(r"[./]", other)[-1]: other for other in reversed(known)}
        near = nearest(name, [*known, *last])
        hint = f" Did you mean {quoted(last.get(near, near))}?" if near else ""
        hint = hint or did_you_mean(name, [*ATTRIBUTES, *self.metrics, *self.settings])
        raise HooklineError(f"No run has a setting or metric {quoted(shortened(name))}.{hint}")

    def sorted_by(self, key: str) -> "Comparison":
        """The runs in ascending order of a column; in descending order if the key begins with "-".

        Runs without this value, or whose value is NaN, come last.
        """
        name = self.resolved(key.removeprefix("-"))
        with_value: list[tuple[Any, RunSummary]] = []
        without: list[RunSummary] = []
        for run in self.runs:
            value = self.value(run, name)
            is_missing = value is MISSING or (isinstance(value, float) and math.isnan(value))
            without.append(run) if is_missing else with_value.append((value, run))
        ordered = sorted(with_value, key=lambda pair: _ordered(pair[0]), reverse=key.startswith("-"))
        return Comparison([*(run for _, run in ordered), *without])

    def filtered(self, conditions: Iterable["Condition"]) -> "Comparison":
        """The runs for which all conditions hold."""
        resolved = [(self.resolved(condition.name), condition) for condition in conditions]
        kept = [run for run in self.runs if all(one.holds(self.value(run, name)) for name, one in resolved)]
        return Comparison(kept)


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


@frozen
class Condition:
    """A condition for a run, such as `optimizer.lr>0.01`."""

    name: str
    """The name of a setting, a metric, or "run", "state", "epochs" or "seconds"."""
    comparison: str
    """One of `=`, `==`, `!=`, `<`, `<=`, `>`, `>=`."""
    value: Any
    """What the value of the run is compared with."""

    @classmethod
    def parsed(cls, text: str) -> "Condition":
        """Read a condition. The value is written as in TOML; the quotes of a string may be left out.

        Raises:
            HooklineError: if the text is not a condition.

        >>> Condition.parsed("optimizer.lr>0.01")
        Condition(name='optimizer.lr', comparison='>', value=0.01)
        >>> Condition.parsed("state = finished").value
        'finished'

        """
        found = re.fullmatch(r"\s*([^<>=!]+?)\s*(<=|>=|!=|==|=|<|>)\s*([^<>=!\s].*?)\s*", text, re.DOTALL)
        if found is None:
            raise HooklineError(
                f"{quoted(shortened(text))} is not a condition, such as `optimizer.lr>0.01` or `state=finished`. "
                "Operators: = != < <= > >=."
            )
        name, comparison, value = found.groups()
        return cls(name, comparison, _value(value))

    def holds(self, value: Any) -> bool:
        """Whether the condition holds for a value. A missing one differs from every value, and is never larger."""
        if value is MISSING or not _comparable(value, self.value):
            return self.comparison == "!="
        if self.comparison in ("=", "==", "!=") or not isinstance(value, (bool, list)):
            return bool(_OPERATORS[self.comparison](value, self.value))
        return False


def _value(text: str) -> Any:
    try:
        return tomli.loads(f"value = {text}")["value"]
    except (ValueError, KeyError, RecursionError):
        return text


def _comparable(value: Any, other: Any) -> bool:
    return type(value) is type(other) or (is_number(value) and is_number(other))


def _same(value: Any, other: Any) -> bool:
    """Whether two values of settings are equal: 1 and 1.0 are, and so is NaN to itself; 1 and true are not."""
    return _comparable(value, other) and (value == other or (value != value and other != other))


def _ordered(value: Any) -> tuple[int, Any]:
    """A key that sorts values of any types: numbers first, then texts, then others by their text."""
    if is_number(value):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, str(value))


def _parents(path: str) -> list[str]:
    """The settings on which the existence of another one depends: the types of the components that contain it.

    >>> _parents("model.layers[0].bias")
    ['model', 'model.type', 'model.layers', 'model.layers.type', 'model.layers[0]', 'model.layers[0].type']
    """
    pieces = re.split(r"(?=[.\[])", path)
    before = ["".join(pieces[:end]) for end in range(1, len(pieces))]
    return [name for parent in before for name in (parent, f"{parent}.type") if name != path]
