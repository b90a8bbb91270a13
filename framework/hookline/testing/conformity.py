"""The checks of the kit, and the pytest test that runs them."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from attrs import frozen

from hookline.errors.exceptions import HooklineError
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.column import ColumnSpec
from hookline.spec.families.data import DataSpec
from hookline.spec.families.deploy import DeploySpec
from hookline.spec.families.distance import DistanceSpec
from hookline.spec.families.initialization import InitializationSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.options import Spec
from hookline.testing import import_side_effects
from hookline.testing.checks import (
    column_checks,
    declaration_checks,
    family_checks,
    loss_checks,
    metric_checks,
    plugin_checks,
    training_checks,
    tuner_checks,
)
from hookline.testing.components_under_test import Component, Plugin
from hookline.testing.outcomes import NotApplicable, NotConforming


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


OF_PLUGINS = (
    PluginCheck("is_valid", plugin_checks.is_valid),
    PluginCheck("imports_without_torch", import_side_effects.imports_without_torch),
    PluginCheck("imports_without_side_effects", import_side_effects.imports_without_side_effects),
    PluginCheck("examples", plugin_checks.has_readable_examples),
    PluginCheck("training_works", plugin_checks.training_works),
)
"""The checks of the plugin as a whole."""

TRAINED = (
    LossSpec,
    OptimizerSpec,
    ModelSpec,
    DataSpec,
    MetricSpec,
    WrapperSpec,
    DeploySpec,
    InitializationSpec,
    DistanceSpec,
)
"""The families that the kit can train."""

OF_COMPONENTS = (
    ComponentCheck("documented", (Spec,), declaration_checks.is_documented),
    ComponentCheck("bounded", (Spec,), declaration_checks.is_bounded),
    ComponentCheck("described", (Spec,), declaration_checks.is_described),
    ComponentCheck("trains", TRAINED, training_checks.trains),
    ComponentCheck("repeats", TRAINED, training_checks.repeats),
    ComponentCheck("is_written_and_read", TRAINED, declaration_checks.is_written_and_read),
    ComponentCheck(
        "state_dict", (LossSpec, OptimizerSpec, ModelSpec, WrapperSpec), training_checks.is_saved_and_loaded
    ),
    ComponentCheck("resumes", (LossSpec, OptimizerSpec, ModelSpec, DataSpec, WrapperSpec), training_checks.resumes),
    ComponentCheck("gradients", (LossSpec,), loss_checks.has_correct_gradients),
    ComponentCheck("reductions", (LossSpec,), loss_checks.has_consistent_reductions),
    ComponentCheck("parts", (LossSpec,), loss_checks.adds_up_over_parts),
    ComponentCheck("shapes", (LossSpec,), loss_checks.refuses_wrong_shapes),
    ComponentCheck("order", (DataSpec,), family_checks.keeps_its_order),
    ComponentCheck("check", (DataSpec,), family_checks.accepts_valid_data),
    ComponentCheck("batches", (MetricSpec,), metric_checks.is_independent_of_batches),
    ComponentCheck("rows", (DistanceSpec,), family_checks.measures_rows),
    ComponentCheck("files", (DeploySpec,), family_checks.writes_into_the_run),
    ComponentCheck("suggests", (TunerSpec,), tuner_checks.suggests_values),
    ComponentCheck("result", (ColumnSpec,), column_checks.gives_what_it_promises),
    ComponentCheck("stored", (ColumnSpec,), column_checks.is_stored),
    ComponentCheck("rows_alone", (ColumnSpec,), column_checks.transforms_rows_alone),
    ComponentCheck("missing", (ColumnSpec,), column_checks.takes_missing_cells),
    ComponentCheck("parts", (ColumnSpec,), column_checks.fits_in_parts),
    ComponentCheck("example", (ColumnSpec,), column_checks.takes_its_example),
)
"""The checks of each component, by its family."""


class Case:
    """One check of a plugin or of a component."""

    def __init__(self, name: str, run: Callable[[], None]):
        self.name = name
        self._run = run

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> None:
        """Run the check.

        Raises:
            NotConforming: if it fails; the message says what to do.
            NotApplicable: if it does not apply.

        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch and Hookline may warn about the synthetic data.
            self._run()


def cases(plugin: object, *examples: Spec | str | Path) -> Iterator[Case]:
    """Yield all checks of a plugin. If the plugin cannot be used, its components are not checked."""
    subject = Plugin(plugin, examples)
    for whole in OF_PLUGINS:
        yield Case(whole.name, partial(whole.check, subject))
    try:
        components = subject.components
    except HooklineError:
        return
    for component in components:
        for check in OF_COMPONENTS:
            if issubclass(component.kind, check.families):
                yield Case(f"{component.name}-{check.name}", partial(check.check, component))


def conform(plugin: object, *examples: Spec | str | Path) -> Callable[..., None]:
    """Make a test for a plugin, with one case for each check of each component.

    Args:
        plugin: the module, or the object, that implements the hooks.
        examples: components, for classes with required options; and paths of specs, for components for which the kit
            cannot make data.

    Returns:
        A test function; pytest collects it under the name to which you assign it. `pytest -k FocalLoss` runs the checks
        of one component, `pytest -k gradients` one check of all components.

    >>> import hookline_stages
    >>> from hookline.testing import conform
    >>> test_it_conforms = conform(hookline_stages)

    """
    import pytest

    @pytest.mark.parametrize("case", list(cases(plugin, *examples)), ids=str)
    def conforms(case: Case) -> None:
        failure = None
        try:
            case()
        except NotApplicable as reason:
            pytest.skip(str(reason))
        except NotConforming as error:
            failure = str(error)
        if failure is not None:
            pytest.fail(failure, pytrace=False)

    return conforms
