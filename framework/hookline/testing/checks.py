"""The checks of the kit: each checks a plugin or a component, and raises an outcome."""

from collections.abc import Callable

from attrs import frozen

from hookline.spec.options import Spec
from hookline.testing.components_under_test import Component, Plugin


@frozen
class PluginCheck:
    """A check of a whole plugin."""

    name: str
    """The name of the case."""
    check: Callable[[Plugin], None]
    """Raises `NotConforming`."""


@frozen
class ComponentCheck:
    """A check of a component."""

    name: str
    """The name of the case."""
    families: tuple[type[Spec], ...]
    """The families to which it applies."""
    check: Callable[[Component], None]
    """Raises `NotConforming`, or `NotApplicable`."""
