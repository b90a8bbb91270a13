"""How a run is opened: everything that is set up before its first stage and undone after its last one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hookline.plugins.dispatch.blame import naming_plugins
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
) -> Iterator[Run]:
    """A new run of a spec, with a plugin manager of its own.

    Inside the context random numbers and the default type are those of the run, and an error in a plugin names the
    plugin and the stage. At the end the caller's random state and default type are restored, and the resources of the
    run are closed.

    Args:
        spec: what is trained.
        plugins: the plugins, as loaded for this spec.
        device: the device, instead of that of the spec.
        interruption: what an interruption is noted in; by default one of its own, which no signal sets.
        closed_by: closes the resources instead, so that they stay open when this context ends.

    Raises:
        HooklineError: if a callback cannot be built, or if there is no such device.

    """
    manager = plugins.manager(built(spec.callbacks))
    run = Run(
        spec=spec,
        stages=Dispatcher(manager, limits_of(spec.callbacks)),
        plugins=plugins.all(),
        catalog=plugins.catalog,
        device=devices.select(device or spec.run.device, spec.run.dtype),
        resources=Resources(manager),
        interruption=interruption or Interruption(),
    )
    with ExitStack() as stack:
        (closed_by or stack).enter_context(run.resources)
        with naming_plugins(manager), devices.reproducible(run.device, run.dtype):
            yield run
