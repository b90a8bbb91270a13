"""Checks of a plugin as a whole: it can be used, and training works with it."""

import inspect

from hookline.errors.exceptions import HooklineError
from hookline.errors.failures import reason
from hookline.plugins.stages import HOOKS
from hookline.spec.options import Spec
from hookline.testing.checks.training_checks import same, state_of
from hookline.testing.components_under_test import Component, Plugin
from hookline.testing.kit_components import KitSquaredError
from hookline.testing.outcomes import NotApplicable, refuse


def is_valid(plugin: Plugin) -> None:
    """Check that the hooks are stages with the right arguments, and that the components are declared correctly."""
    try:
        plugin.plugins.manager()
        list(plugin.plugins.catalog)
    except HooklineError as error:
        refuse(str(error))
    for name in HOOKS:
        function = getattr(plugin.plugin, name, None)
        if inspect.isroutine(function) and not hasattr(inspect.unwrap(function), "hookline_impl"):
            refuse(f'"{name}" of {plugin.name} is the name of a stage: mark it with @hookimpl, or rename it.')


def _usable(plugin: Plugin) -> Plugin:
    """Return the plugin if it can be used; if not, only the check "is_valid" reports why."""
    try:
        _ = plugin.components
        plugin.plugins.manager()
    except HooklineError:
        raise NotApplicable('The plugin cannot be used: see "is_valid".') from None
    return plugin


def has_readable_examples(plugin: Plugin) -> None:
    """Check that the given examples can be read and use the plugin."""
    kinds = {component.kind for component in _usable(plugin).components}
    try:
        examples = plugin.examples
    except HooklineError as error:
        refuse(f"An example cannot be read. {error}")
    for example in examples:
        if isinstance(example, Spec) and type(example) not in kinds and not Plugin.uses(example, kinds):
            refuse(f"The example {type(example).__name__} uses no component of {plugin.name}.")


def training_works(plugin: Plugin) -> None:
    """Check that a small training without components of the plugin works, and is reproducible."""
    component = Component(_usable(plugin), KitSquaredError)
    try:
        first, second = component.trained, component.train(component.training)
    except NotApplicable:
        raise
    except HooklineError as error:
        refuse(f"With {plugin.name} installed, a small training without its components fails. {error}")
    except Exception as error:  # noqa: BLE001 - The plugin may raise anything.
        refuse(f"With {plugin.name} installed, a small training without its components fails. {reason(error)}")
    if not same(*(state_of(trained.trial.model, trained.trial.criterion) for trained in (first, second))):
        refuse(
            f"With {plugin.name} installed, two trainings with the same seed differ: random numbers must come from "
            f"torch's generator, and no state of the previous training may remain."
        )
