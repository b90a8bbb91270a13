"""How a spec class is declared: its base class, and its options, with default and bounds beside name and type."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from attrs import NOTHING, Attribute, asdict, field, fields, frozen

from hookline.errors.option_errors import InvalidValueError, OptionError

Class = TypeVar("Class", bound=type)

ONLY_WITH = "only_with"
"""Under which key the metadata of an option says without what it has no effect."""


class Spec:
    """The base of everything that is read from a spec file."""

    __slots__ = ()

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[Any]  # What `attrs` sets, and what its functions ask for.

    family: ClassVar[str | None] = None
    """What components below this class are called in messages; set by the base class of a family."""

    @classmethod
    def option_type(cls, option: "Attribute[Any]") -> Any:
        """The type of an option; a class may say it where it depends on the class."""
        return option.type

    def conflicts(self) -> Iterable[OptionError]:
        """What does not go together in its options, each with the option that it belongs to.

        When a spec is read, all of them are reported, once each option is valid by itself; a component that is made in
        Python raises the first.
        """
        return ()

    def fingerprints(self) -> Mapping[str, str]:
        """What the bits of a run depend on beside options and code, by name: versions, or fingerprints of files.

        `hookline train --locked` compares them. Files that options of the type `Path` name are compared anyway.
        """
        return {}

    def __attrs_post_init__(self) -> None:
        for error in (*self.conflicts(), *unused(self)):
            raise error

    def __eq__(self, other: object) -> bool:
        """Whether the other is of the same type and has the same options."""
        return type(self) is type(other) and _options(self) == _options(other)

    def __hash__(self) -> int:
        """Equal specs have equal hashes."""
        return hash((type(self), *map(_hashable, _options(self).values())))

    def __repr__(self) -> str:
        """The type, and the options that are not at their defaults."""
        defaults = {attribute.name: attribute.default for attribute in fields(type(self))}
        given = (f"{name}={value!r}" for name, value in _options(self).items() if value != defaults[name])
        return f"{type(self).__name__}({', '.join(given)})"


def _options(component: Any) -> dict[str, Any]:
    return asdict(component, recurse=False)


def _hashable(value: Any) -> Any:
    # Mappings with the same items are equal in whichever order these stand.
    return frozenset(value.items()) if isinstance(value, Mapping) else value


def unused(component: Spec) -> Iterator[OptionError]:
    """An error for each option that is given and has no effect, as its `only_with` says."""
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
    """The numbers that an option allows; for an option that takes several numbers, each must be inside."""

    minimum: float | None = None
    """The least number that is allowed."""
    above: float | None = None
    """Numbers must be greater than this one."""
    maximum: float | None = None
    """The greatest number that is allowed."""
    below: float | None = None
    """Numbers must be less than this one."""
    infinite: bool = False
    """Whether `inf` is allowed."""

    @staticmethod
    def of(attribute: "Attribute[Any]") -> "list[Bounds]":
        """The bounds among the validators of an option."""
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
        """Whether the number is inside; a NaN never is."""
        return (
            number == number
            and (self.infinite or abs(number) != math.inf)
            and (self.minimum is None or number >= self.minimum)
            and (self.above is None or number > self.above)
            and (self.maximum is None or number <= self.maximum)
            and (self.below is None or number < self.below)
        )

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        """Raise a `ValueError` if a number in `value` is outside; called by attrs as the field's validator."""
        if isinstance(value, (tuple, Mapping)):
            for element in value.values() if isinstance(value, Mapping) else value:
                self(instance, attribute, element)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and not self.contains(value):
            if isinstance(value, float) and not (math.isfinite(value) or (self.infinite and value == value)):
                raise InvalidValueError("out-of-bounds", f"This must be a finite number, and it is {value}.")
            whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
            given = int(value) if whole else value
            raise InvalidValueError("out-of-bounds", f"{given} is out of bounds: it must be {self}.")


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
    """Declare an option of a spec class: its default (none: it is required) and its bounds.

    Numbers are finite; `infinite` allows `inf`, as for the order of a norm. `unbounded` says of an option without
    bounds that any number makes sense.

    `only_with` names another option without which this one has no effect, and the value that the other must have if not
    any will do: `only_with=("swa_lr",)`, `only_with=("mode", "exp_range")`. To give this one then is an error.

    The sentence that says what the option does is the docstring under it. An option whose default is `None` may be
    left out; what happens then is part of that sentence.

    >>> from hookline.spec import LossSpec, option, spec
    >>> @spec
    ... class FocalLoss(LossSpec):
    ...     '''Cross-entropy that gives little weight to rows that are already classified well.'''
    ...
    ...     gamma: float = option(default=2.0, minimum=0)
    ...     '''How fast the weight falls.'''
    >>> FocalLoss(gamma=1.5)
    FocalLoss(gamma=1.5)
    >>> FocalLoss(gamma=-1)
    Traceback (most recent call last):
    hookline.errors.exceptions.InvalidValueError: -1 is out of bounds: it must be at least 0.
    """
    bounds = Bounds(minimum=minimum, above=above, maximum=maximum, below=below, infinite=infinite)
    # The option's own says more than its bounds.
    validators = [
        check for check in (validator, bounds if unbounded or bounds != Bounds() else None) if check is not None
    ]
    metadata = {ONLY_WITH: only_with} if only_with else None
    return field(default=default, validator=validators or None, metadata=metadata)


_OPTION: Any = type(field())


def is_option(value: object) -> bool:
    """Whether it is what `option` gives, which stands in the body of a class until `attrs` makes it an option."""
    return isinstance(value, _OPTION)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(option,))
def spec(kind: Class) -> Class:
    """Make a class one whose annotated fields are options: `attrs.frozen(kw_only=True)`, when it is first used.

    `attrs` compiles code for each class. Of some hundred that the plugins bring, a spec names ten, and to read it is to
    take a tenth of a second or a third. A class under `attrs.frozen(kw_only=True)` itself will do as well.
    """
    pending = _Pending(kind)
    kind.__attrs_attrs__ = pending  # type: ignore[attr-defined]

    def complete_and_init(self: Any, **options: Any) -> None:
        pending.complete()
        self.__init__(**options)

    kind.__init__ = complete_and_init  # type: ignore[misc]
    return kind


class _Pending:
    """Stands where `attrs` keeps the fields of a class, and makes it an attrs class as soon as it is asked for them."""

    def __init__(self, kind: type):
        self._kind = kind

    def __get__(self, instance: object, owner: type) -> Any:
        self.complete()
        return getattr(owner, "__attrs_attrs__")  # noqa: B009 - the real ones, which mypy does not know of.

    def complete(self) -> None:
        """Make the class, unless it has been made."""
        if vars(self._kind).get("__attrs_attrs__") is self:
            del self._kind.__attrs_attrs__, self._kind.__init__
            # `Spec` has equality, hash and representation for all. Slots would need another class, and it is this one
            # that others know.
            frozen(kw_only=True, eq=False, repr=False, slots=False)(self._kind)
