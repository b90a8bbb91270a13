"""The checks of the kit and their outcomes: a check raises if a plugin or a component does not conform."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from attrs import frozen

from hookline.spec.options import Spec

if TYPE_CHECKING:
    from hookline.testing.components_under_test import Component, Plugin


class NotConforming(AssertionError):  # noqa: N818 - A result, not a program error.
    """A check failed: the message says what is wrong and what to do."""


class NotApplicable(Exception):  # noqa: N818 - Not an error.
    """A check does not apply: the message says why."""


def refuse(message: str) -> NoReturn:
    """Fail the check with this message."""
    raise NotConforming(message)


@frozen
class PluginCheck:
    """A check of a whole plugin."""

    name: str
    """The name of the case."""
    check: "Callable[[Plugin], None]"
    """Raises `NotConforming`."""


@frozen
class ComponentCheck:
    """A check of a component."""

    name: str
    """The name of the case."""
    families: tuple[type[Spec], ...]
    """The families to which it applies."""
    check: "Callable[[Component], None]"
    """Raises `NotConforming`, or `NotApplicable`."""
