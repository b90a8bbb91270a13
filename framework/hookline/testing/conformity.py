"""The checks of the kit, and the test that they make."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hookline.errors.exceptions import HooklineError
from hookline.spec.families.components import (
    DataSpec,
    DeploySpec,
    DistanceSpec,
    InitializationSpec,
    ModelSpec,
    WrapperSpec,
)
from hookline.spec.families.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.options import Spec
from hookline.testing import declared, families, hooks, isolation, losses, trained
from hookline.testing.checks import ComponentCheck, NotApplicable, NotConforming, PluginCheck
from hookline.testing.subjects import Plugin

OF_PLUGINS = (
    PluginCheck("fits_in", hooks.fits_in),
    PluginCheck("imports_without_torch", isolation.does_without_torch),
    PluginCheck("does_nothing_when_imported", isolation.does_nothing_when_imported),
    PluginCheck("examples", hooks.has_readable_examples),
    PluginCheck("trainings_go_on", hooks.lets_trainings_go_on),
)
"""What is looked at once."""

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
"""The families of which the kit knows how they are trained."""

OF_COMPONENTS = (
    ComponentCheck("documented", (Spec,), declared.is_documented),
    ComponentCheck("bounded", (Spec,), declared.is_bounded),
    ComponentCheck("described", (Spec,), declared.is_described),
    ComponentCheck("trains", TRAINED, trained.trains),
    ComponentCheck("repeats", TRAINED, trained.repeats),
    ComponentCheck("is_written_and_read", TRAINED, declared.is_written_and_read),
    ComponentCheck("state_dict", (LossSpec, OptimizerSpec, ModelSpec, WrapperSpec), trained.is_saved_and_loaded),
    ComponentCheck("gradients", (LossSpec,), losses.has_the_gradients_of_its_values),
    ComponentCheck("reductions", (LossSpec,), losses.has_reductions_that_agree),
    ComponentCheck("parts", (LossSpec,), losses.adds_up_from_parts),
    ComponentCheck("shapes", (LossSpec,), losses.refuses_shapes_that_do_not_fit),
    ComponentCheck("goes_on_after_loading", (OptimizerSpec,), families.goes_on_after_loading),
    ComponentCheck("order", (DataSpec,), families.keeps_its_order),
    ComponentCheck("check", (DataSpec,), families.says_what_is_wrong_without_torch),
    ComponentCheck("batches", (MetricSpec,), families.judges_rows_and_not_batches),
    ComponentCheck("rows", (DistanceSpec,), families.measures_rows),
    ComponentCheck("files", (DeploySpec,), families.writes_into_the_run),
)
"""What is looked at in each component, by its family."""


class Case:
    """A check, of a plugin or of a component."""

    def __init__(self, name: str, run: Callable[[], None]):
        self.name = name
        self._run = run

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> None:
        """Run the check.

        Raises:
            NotConforming: in a sentence that says what to do.
            NotApplicable: if there is nothing to look at.

        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What is made up makes little sense, of which torch and Hookline warn.
            self._run()


def cases(plugin: object, *examples: Spec | str | Path) -> Iterator[Case]:
    """All checks of a plugin. If it does not fit in, its components cannot be asked for, and it alone is told."""
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
    """A test that a plugin is as it must be, with a case for each check of each component.

    Args:
        plugin: the module, or the object, that implements the hooks.
        examples: for components whose options have no defaults the component itself, and for those for which the kit
            cannot make data the path of a spec that uses it.

    Returns:
        A function that pytest collects under the name to which it is assigned; `pytest -k FocalLoss` runs the checks of
        one component, `pytest -k gradients` one check of all. What fails says in a sentence what to do.

    >>> import hookline_stages
    >>> from hookline.testing import conform
    >>> test_it_conforms = conform(hookline_stages)

    """
    import pytest

    @pytest.mark.parametrize("case", list(cases(plugin, *examples)), ids=str)
    def conforms(case: Case) -> None:
        told = None
        try:
            case()
        except NotApplicable as reason:
            pytest.skip(str(reason))
        except NotConforming as error:
            told = str(error)
        if told is not None:
            pytest.fail(told, pytrace=False)

    return conforms
