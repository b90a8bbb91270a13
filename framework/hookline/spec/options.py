"""The declaration of spec classes: their base class, and options with name, type, default and bounds."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from attrs import NOTHING, Attribute, asdict, field, fields, frozen

from hookline.errors.option_errors import InvalidValueError, OptionError

Class = TypeVar("Class", bound=type)

ONLY_WITH = "only_with"
"""The metadata key of the option without which another option has no effect."""


class Spec:
    """The base class of everything that is read from a spec file."""

    __slots__ = ()

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[Any]  # attrs sets this, and its functions require it.

    family: ClassVar[str | None] = None
    """The name of the family of components in messages; set by the base class of a family."""

    behavior: ClassVar[tuple[str, ...]] = ()
    """The methods that compute what `eject` writes as lines of torch; set by the base class of a family. A class that
    overrides one of them must override `eject` too: the lines that it inherits may do something else."""

    fingerprints_files: ClassVar[bool] = True
    """Whether `hookline train --locked` compares the files that options of type `Path` name."""

    @classmethod
    def option_type(cls, option: "Attribute[Any]") -> Any:
        """Return the type of an option; override this if the type depends on the class."""
        return option.type

    def conflicts(self) -> Iterable[OptionError]:
        """Yield the conflicts between options, each with the option that it belongs to.

        When a spec is read, all of them are reported, provided that each option is valid by itself. A component created
        in Python raises the first.
        """
        return ()

    def fingerprints(self) -> Mapping[str, str]:
        """Return, by name, what the bits of a run depend on besides options and code: versions, or file fingerprints.

        `hookline train --locked` compares them. Files named by options of type `Path` are always compared.
        """
        return {}

    def __attrs_post_init__(self) -> None:
        for error in (*self.conflicts(), *unused(self)):
            raise error

    def __eq__(self, other: object) -> bool:
        """Return whether the other has the same type and the same options."""
        return type(self) is type(other) and _options(self) == _options(other)

    def __hash__(self) -> int:
        """Return a hash that is equal for equal specs."""
        return hash((type(self), *map(_hashable, _options(self).values())))

    def __repr__(self) -> str:
        """Return the type and the options that differ from their defaults."""
        defaults = {attribute.name: attribute.default for attribute in fields(type(self))}
        given = (f"{name}={value!r}" for name, value in _options(self).items() if value != defaults[name])
        return f"{type(self).__name__}({', '.join(given)})"


def _options(component: Any) -> dict[str, Any]:
    return asdict(component, recurse=False)


def _hashable(value: Any) -> Any:
    # Mappings are equal whatever the order of their items.
    return frozenset(value.items()) if isinstance(value, Mapping) else value


def unused(component: Spec) -> Iterator[OptionError]:
    """Yield an error for each option that is set but has no effect according to its `only_with`."""
    for attribute in fields(type(component)):
        other, *values = attribute.metadata.get(ONLY_WITH, ("",))
        if not other or getattr(component, attribute.name) == attribute.default:
            continue
        value = getattr(component, other)
        if value not in values if values else value is None or value is False:
            wanted = f"unless `{other}` is {json.dumps(values[0])}" if values else f"without `{other}`"
            message = f"This has no effect {wanted}."
            yield OptionError(attribute.name, message, against=[(other,)], id="unused-option")


@frozen(kw_only=True)
class Bounds:
    """The range of numbers that an option allows. If it takes several numbers, each must be in the range."""

    minimum: float | None = None
    """The smallest allowed number."""
    above: float | None = None
    """Numbers must be greater than this."""
    maximum: float | None = None
    """The largest allowed number."""
    below: float | None = None
    """Numbers must be less than this."""
    infinite: bool = False
    """Whether `inf` is allowed."""

    @staticmethod
    def of(attribute: "Attribute[Any]") -> "list[Bounds]":
        """Return the bounds among the validators of an option."""
        validators = getattr(attribute.validator, "_validators", (attribute.validator,))
        return [validator for validator in validators if isinstance(validator, Bounds)]

    def __str__(self) -> str:
        limits = [
            f"{words} {limit}"
            for words, limit in (
                ("at least", self.minimum),
                ("greater than", self.above),
                ("at most", self.maximum),
                ("less than", self.below),
            )
            if limit is not None
        ]
        return " and ".join(limits)

    def contains(self, number: float) -> bool:
        """Return whether the number is in the range; NaN never is."""
        return (
            number == number
            and (self.infinite or abs(number) != math.inf)
            and (self.minimum is None or number >= self.minimum)
            and (self.above is None or number > self.above)
            and (self.maximum is None or number <= self.maximum)
            and (self.below is None or number < self.below)
        )

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        """Raise a `ValueError` if a number in `value` is out of bounds. attrs calls this as the field's validator."""
        if isinstance(value, (tuple, Mapping)):
            for element in value.values() if isinstance(value, Mapping) else value:
                self(instance, attribute, element)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and not self.contains(value):
            if isinstance(value, float) and not (math.isfinite(value) or (self.infinite and value == value)):
                raise InvalidValueError("out-of-bounds", f"This must be a finite number, not {value}.")
            whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
            given = int(value) if whole else value
            is_percent = self.minimum == 0 and 1 in (self.maximum, self.below) and 5 <= value <= 100
            meant = f"{value:g} percent is {value / 100:g}." if is_percent else ""
            raise InvalidValueError("out-of-bounds", f"{given} is out of bounds: it must be {self}.", meant)


def option(
    *,
    default: Any = NOTHING,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    infinite: bool = False,
    unbounded: bool = False,
    validator: Callable[[object, "Attribute[Any]", Any], None] | None = None,
    only_with: tuple[Any, ...] = (),
) -> Any:
    """Declare an option of a spec class with its default and bounds. An option without a default is required.

    Numbers must be finite, unless `infinite` allows `inf`, as for the order of a norm. `unbounded` states that an
    option without bounds accepts any finite number.

    `only_with` names another option without which this one has no effect, optionally with the value that the other
    option must have: `only_with=("swa_lr",)`, `only_with=("mode", "exp_range")`. To set this option anyway is an error.

    Describe the option in a docstring below it. If its default is `None`, the option is optional; say what happens
    without it.

    >>> from hookline.spec import LossSpec, option, spec
    >>> @spec
    ... class FocalLoss(LossSpec):
    ...     '''Cross-entropy with a low weight for rows that are already classified well.'''
    ...
    ...     gamma: float = option(default=2.0, minimum=0)
    ...     '''How fast the weight decreases.'''
    >>> FocalLoss(gamma=1.5)
    FocalLoss(gamma=1.5)
    >>> FocalLoss(gamma=-1)
    Traceback (most recent call last):
    hookline.errors.option_errors.InvalidValueError: -1 is out of bounds: it must be at least 0.
    """
    bounds = Bounds(minimum=minimum, above=above, maximum=maximum, below=below, infinite=infinite)
    # The option's own validator comes first, since its message says more.
    validators = [
        check for check in (validator, bounds if unbounded or bounds != Bounds() else None) if check is not None
    ]
    metadata = {ONLY_WITH: only_with} if only_with else None
    return field(default=default, validator=validators or None, metadata=metadata)


_OPTION: Any = type(field())


def is_option(value: object) -> bool:
    """Return whether the value comes from `option` and attrs has not yet turned it into a field of the class."""
    return isinstance(value, _OPTION)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(option,))
def spec(kind: Class) -> Class:
    """Turn a class into a frozen attrs class with keyword-only options when it is first used.

    attrs compiles code for each class, and a spec uses few of the classes of all plugins, so this makes every command
    faster. `attrs.frozen(kw_only=True)` works as well.
    """
    pending = _Pending(kind)
    kind.__attrs_attrs__ = pending  # type: ignore[attr-defined]

    def complete_and_init(self: Any, **options: Any) -> None:
        pending.complete()
        self.__init__(**options)

    kind.__init__ = complete_and_init  # type: ignore[misc]
    return kind


class _Pending:
    """Replaces the attribute in which attrs keeps the fields, and creates the attrs class when it is first read."""

    def __init__(self, kind: type):
        self._kind = kind

    def __get__(self, instance: object, owner: type) -> Any:
        self.complete()
        return getattr(owner, "__attrs_attrs__")  # noqa: B009 - mypy does not know the attribute.

    def complete(self) -> None:
        """Create the attrs class, unless it exists."""
        if vars(self._kind).get("__attrs_attrs__") is self:
            del self._kind.__attrs_attrs__, self._kind.__init__
            # `Spec` defines equality, hash and representation. Slots would create another class object, but this one is
            # already in use.
            frozen(kw_only=True, eq=False, repr=False, slots=False)(self._kind)
