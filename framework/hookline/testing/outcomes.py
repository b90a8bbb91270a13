"""What a check of the kit is: a function that raises when a plugin, or a component of it, is not as it must be."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from attrs import frozen

from hookline.spec.options import Spec

if TYPE_CHECKING:
    from hookline.testing.subjects import Component, Plugin


class NotConforming(AssertionError):  # noqa: N818 - It is no error of a program: it is what a check found.
    """What is wrong with a plugin, in a sentence that says what to do."""


class NotApplicable(Exception):  # noqa: N818 - It is no error.
    """Why a check has nothing to look at."""


def refuse(message: str) -> NoReturn:
    """Say what is wrong."""
    raise NotConforming(message)


@frozen
class PluginCheck:
    """A check of a whole plugin."""

    name: str
    """What the case is called."""
    check: "Callable[[Plugin], None]"
    """Raises `NotConforming`."""


@frozen
class ComponentCheck:
    """A check of a component."""

    name: str
    """What the case is called."""
    families: tuple[type[Spec], ...]
    """The families that it is for."""
    check: "Callable[[Component], None]"
    """Raises `NotConforming`, or `NotApplicable`."""
