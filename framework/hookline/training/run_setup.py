"""Open a run: everything that is set up before the first stage and undone after the last one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from hookline.errors.exceptions import MismatchError
from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.plugins.dispatch.dispatcher import Dispatcher
from hookline.plugins.dispatch.limits import limits_of
from hookline.plugins.dispatch.resources import Resources
from hookline.plugins.manager import Plugins, built
from hookline.plugins.signals import Interruption
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.spec.training import TrainingSpec


@contextmanager
def new_run(
    spec: TrainingSpec,
    plugins: Plugins,
    *,
    device: str | None = None,
    interruption: Interruption | None = None,
    closed_by: ExitStack | None = None,
    given: Any = None,
) -> Iterator[Run]:
    """Open a new run of a spec, with its own plugin manager.

    The context sets the random number generators and the default dtype of the run, and adds the plugin and the stage to
    errors in plugins. On exit it restores the caller's random state and default dtype, and closes the resources of the
    run.

    Args:
        spec: the spec to train.
        plugins: the plugins, as loaded for this spec.
        device: overrides the device of the spec.
        interruption: records an interruption. Default: a new object that no signal sets.
        closed_by: a stack that closes the resources later, so that they stay open when this context exits.
        given: rows in place of those that the data source reads: see `Run.given`.

    Raises:
        HooklineError: if a callback cannot be built, or if the device does not exist.

    """
    manager = plugins.manager(built(spec.callbacks), spec)
    run = Run(
        spec=spec,
        stages=Dispatcher(manager, limits_of(spec.callbacks)),
        plugins=plugins.all(),
        catalog=plugins.catalog,
        device=devices.select(device or spec.run.device, spec.run.dtype),
        resources=Resources(manager),
        interruption=interruption or Interruption(),
        given=given,
    )
    with ExitStack() as stack:
        (closed_by or stack).enter_context(run.resources)
        with inside(run):
            yield run


@contextmanager
def inside(run: Run) -> Iterator[None]:
    """Set the random number generators and the default dtype of a run, and name plugins in errors, as `new_run` does.

    Use it to continue a run whose resources are still open, after the context of `new_run` has exited.
    """
    assert isinstance(run.stages, Dispatcher), "Runs are made by `new_run`."
    with naming_plugins(run.stages.manager), devices.reproducible(run.device, run.dtype):
        yield


def refuse_unused_rows(run: Run) -> None:
    """Raise a `MismatchError` if rows were passed to `hookline.train`, but the data was prepared without them."""
    if run.given is not None and not run.is_source_read:
        message = "A plugin prepares the data without the rows that were passed as `data`: it must read `run.source`."
        raise MismatchError(message, ("data",))
