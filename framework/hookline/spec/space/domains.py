"""The values that a search tries for an option: a range of numbers, or choices."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hookline.errors.option_errors import OptionError
from hookline.spec.options import Spec, option, spec

NEARLY = 1e-9
"""The largest relative error of a number of steps that counts as a whole number."""


@spec
class Range(Spec):
    """The numbers from `low` to `high`, both included. If both are integers, only integers are tried."""

    low: int | float = option(unbounded=True)
    """The smallest number."""
    high: int | float = option(unbounded=True)
    """The largest number."""
    log: bool = False
    """Whether to search the logarithm of the number, as for learning rates."""
    step: int | float | None = option(default=None, above=0)
    """The distance between two numbers that are tried. Default: 1 for integers, and any number otherwise."""

    @property
    def is_integer(self) -> bool:
        """Whether only integers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int) and not isinstance(self.step, float)

    @property
    def steps(self) -> int | None:
        """The number of values minus one; `None` if they are not countable."""
        step = self.step or (1 if self.is_integer else None)
        return None if step is None else round((self.high - self.low) / step)

    def value(self, step: int) -> int | float:
        """Return the value after this many steps from `low`, as the decimal number that one would write.

        >>> Range(low=0.0, high=0.5, step=0.1).value(3)
        0.3
        """
        if self.is_integer:
            return self.low + step * int(self.step or 1)
        assert self.step is not None, "Only the values of a range with a step are countable."
        return float(Decimal(str(self.low)) + step * Decimal(str(self.step)))

    def nearest(self, value: float) -> int | float:
        """Return the countable value that is nearest to a number; the number itself if they are not countable."""
        if self.is_integer or self.step is None:
            return value
        return self.value(round((value - self.low) / self.step))

    def conflicts(self) -> Iterator[OptionError]:
        """Yield the conflicts between bounds, scale and step."""
        if self.low >= self.high:
            message = f"`high` ({self.high}) must be greater than `low` ({self.low})."
            yield OptionError("high", message, against=[("low",)], id="out-of-bounds")
            return
        if self.log and self.low <= 0:
            message = f"A logarithmic range must be above 0, but `low` is {self.low}."
            yield OptionError("low", message, against=[("log",)], id="out-of-bounds")
        if self.step is None:
            return
        if self.log:
            yield OptionError("step", "A logarithmic range has no `step`: remove one of them.", against=[("log",)])
        elif abs((count := (self.high - self.low) / self.step) - round(count)) > NEARLY * max(1.0, count):
            message = f"The step {self.step} does not divide the range from {self.low} to {self.high}."
            yield OptionError("step", message, against=[("low",), ("high",)])


@spec
class Choices(Spec):
    """Some values, of which each trial has one."""

    choices: tuple[Any, ...]
    """The values: numbers, strings, arrays or whole tables. Tables and arrays may contain further domains, which only
    the trials with this choice have."""

    @property
    def labels(self) -> tuple[str | int | float | bool, ...]:
        """The name of each choice: a simple value itself, the `type` of a table, or else the index.

        >>> Choices(choices=({"type": "SGD"}, {"type": "AdamW"})).labels, Choices(choices=(16, 32)).labels
        (('SGD', 'AdamW'), (16, 32))
        >>> Choices(choices=([8], [8, 8])).labels
        (0, 1)
        """
        if all(isinstance(choice, (str, int, float)) for choice in self.choices):
            return self.choices
        types = [choice.get("type") if isinstance(choice, dict) else None for choice in self.choices]
        if all(isinstance(name, str) for name in types) and len(set(types)) == len(types):
            return tuple(map(str, types))
        return tuple(range(len(self.choices)))

    def text(self, label: object) -> str:
        """Return a choice as a text: its label, or the value itself if that is an index.

        >>> sizes = Choices(choices=([8], [8, 8]))
        >>> sizes.text(1)
        '[8, 8]'
        >>> layers = Choices(choices=([{"type": "ReLU"}], [{"type": "Dropout", "p": Range(low=0.0, high=0.5)}]))
        >>> layers.text(0), layers.text(1)
        ('[ReLU]', '[Dropout]')
        """
        if self.labels is self.choices:
            return "true" if label is True else "false" if label is False else str(label)
        texts, index = list(map(_brief, self.choices)), self.index(label)
        return texts[index] if texts.count(texts[index]) == 1 else f"{texts[index]} ({index + 1})"

    def index(self, label: object) -> int:
        """Return the index of the choice with this label."""
        return next(index for index, known in enumerate(self.labels) if (type(known), known) == (type(label), label))


def _brief(value: Any) -> str:
    """A choice in short: of a table with a `type` only this."""
    if isinstance(value, (Range, Choices)):
        return "…"
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_brief(one)}" for key, one in value.items())
        return str(value["type"]) if "type" in value else f"{{ {inner} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_brief, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


Domain = Range | Choices
