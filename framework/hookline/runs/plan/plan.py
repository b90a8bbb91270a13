"""The plan of a run: which plugins answer and wrap each stage, the layers of the model, and what the bits depend on."""

import inspect
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

import hookline
from hookline.data.batches import length_of
from hookline.data.prepared_column import PreparedColumn
from hookline.plugins.dispatch import attribution
from hookline.plugins.manager import BUILT_IN, callback_name
from hookline.plugins.sources.fingerprint import fingerprint, of_text
from hookline.plugins.stages import STAGES, Run
from hookline.runs.fingerprint import of_data
from hookline.runs.plan.effects import Effect, effects, read_files
from hookline.runs.plan.layers import Layer
from hookline.runs.plan.memory import Memory
from hookline.runs.plan.split_counts import SplitCounts
from hookline.runs.versions import version
from hookline.spec.families.callback import CallbackSpec

if TYPE_CHECKING:
    import torch
    from torch import nn, optim

    from hookline.data.data import Data


@frozen(kw_only=True)
class Implementation:
    """An implementation of a stage."""

    plugin: str
    """The plugin, or the callback with its index in the spec."""
    release: str
    """The distribution that it comes from, with its version, or the file."""
    is_wrapper: bool
    """Whether it wraps the stage instead of answering it."""
    limits: str = ""
    """The steps or epochs in which it runs, if not in all."""


@frozen(kw_only=True)
class UsedPlugin:
    """A plugin that is used."""

    name: str
    """Its name in the spec and in messages."""
    distribution: str | None = None
    """The installed distribution, if it comes from one."""
    version: str | None = None
    """The version of the distribution."""
    file: str | None = None
    """The name of the file, if it is one."""
    fingerprint: str = ""
    """The fingerprint of its code."""


@frozen(kw_only=True)
class Group:
    """A parameter group of the optimizer."""

    name: str
    """The parameters that it selects."""
    parameters: int
    """The number of elements in its parameters."""
    options: Mapping[str, Any]
    """Its options, the learning rate first."""


@frozen(kw_only=True)
class Plan:
    """The plan of a run: what would run."""

    name: str
    """The name of the run."""
    seed: int
    """The seed of all random numbers."""
    epochs: int
    """The number of passes over the training data."""
    steps_per_epoch: int | None
    """The number of batches in an epoch; `None` if the data does not know it before they are read."""
    limits: str = ""
    """What else the spec says about the length of the run and the validations, such as "at most 500 steps"."""
    components: Mapping[str, tuple[str, ...]]
    """The types of the components by section, without callbacks, which are listed with their stages."""
    environment: Mapping[str, str]
    """The versions and the hardware on which the bits depend."""
    plugins: tuple[UsedPlugin, ...]
    """Hookline, and the plugins that the spec lists or that were passed to `train`."""
    stages: Mapping[str, tuple[Implementation, ...]]
    """The implementations of each stage, in calling order."""
    rows: Mapping[str, int]
    """The number of rows of each split."""
    dropped: Mapping[str, int] = field(factory=dict)
    """The number of rows that are left out because a cell is missing, by its column."""
    reading: str = ""
    """How the rows are read, if they are not held in memory."""
    data: str
    """The fingerprint of the data."""
    columns: tuple[PreparedColumn, ...] = ()
    """What becomes of each column of the data."""
    layers: tuple[Layer, ...]
    """The layers of the model."""
    groups: tuple[Group, ...]
    """The parameter groups of the optimizer."""
    initialized_from: Mapping[str, Any] | None = None
    """The weights of another run that it begins with: what was loaded, and what was not."""
    memory: Memory | None = None
    """The estimated memory, for `hookline plan` only; `None` if unknown."""
    tracing: str | None = None
    """Which part of a training step is traced, or why none is, for `hookline plan` only."""
    traced_evaluation: str | None = None
    """Whether evaluations are traced, or why they are not, for `hookline plan` only."""
    split_counts: SplitCounts | None = None
    """The rows of each class in each split, and those in none, for `hookline plan` only."""
    files: Mapping[str, str]
    """The fingerprints of the files that components read in addition to the data, by path in the spec."""
    effects: tuple[Effect, ...]
    """What callbacks and deployment targets write and contact."""

    @property
    def parameters(self) -> int:
        """The number of elements in the parameters of the model."""
        return sum(layer.parameters for layer in self.layers)


def plan(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    optimizer: "optim.Optimizer",
    layers: tuple[Layer, ...],
) -> Plan:
    """Make the plan of a run, from everything that is built before training."""
    spec = run.spec
    return Plan(
        name=spec.run.name,
        seed=spec.run.seed,
        epochs=spec.run.epochs,
        limits=spec.run.limits,
        steps_per_epoch=length_of(data.training),
        components=_components(run),
        environment=environment(run.device),
        plugins=tuple(_used(run)),
        stages={stage: tuple(implementations(run, stage)) for stage in STAGES},
        rows={split: batches.rows for split, batches in data.splits().items()},
        dropped=dict(data.dropped),
        reading=data.reading,
        data=of_data(data),
        columns=tuple(data.columns),
        layers=layers,
        groups=tuple(_groups(optimizer)),
        initialized_from=run.state.initialized_from,
        files=read_files(spec),
        effects=tuple(effects(spec)),
    )


def _components(run: Run) -> dict[str, tuple[str, ...]]:
    spec, name = run.spec, run.catalog.name
    sections = {
        "data": (spec.data,),
        "model": (spec.model,),
        "initialize": spec.initialize,
        "loss": tuple(named.loss for named in run.objective.losses.values()),
        "optimizer": (spec.optimizer,),
        "metrics": spec.metrics,
        "deploy": spec.deploy,
    }
    return {section: tuple(name(type(one)) for one in listed) for section, listed in sections.items() if listed}


def environment(device: "torch.device") -> dict[str, str]:
    """The versions and the hardware on which the bits of a run depend."""
    import torch

    named = {name: version(name) for name in ("hookline", "torch", "numpy")}
    machine = {"machine": platform.machine(), "cpu": torch.backends.cpu.get_cpu_capability()}
    if device.type == "cuda":
        machine["accelerator"] = torch.cuda.get_device_name(device)
    threads = str(torch.get_num_threads())
    return {"python": platform.python_version(), **named, **machine, "threads": threads, "device": str(device)}


def _used(run: Run) -> Iterator[UsedPlugin]:
    """Hookline with its built-in plugins, then the other plugins in calling order."""
    built_in = tuple(plugin for origin, plugin in run.plugins if origin.is_built_in)
    yield UsedPlugin(
        name="hookline", distribution="hookline", version=version("hookline"), fingerprint=_of_shipped(built_in)
    )
    for origin, plugin in run.plugins:
        if origin.is_built_in or _is_display(plugin):
            continue
        yield UsedPlugin(
            name=origin.name,
            distribution=origin.distribution,
            version=origin.version,
            file=origin.file.name if origin.file else None,
            fingerprint=fingerprint(plugin, origin.distribution),
        )


@cache
def _of_shipped(built_in: tuple[object, ...]) -> str:
    """The fingerprint of Hookline and the built-in plugins, whose code does not change while it runs."""
    return of_text("".join(map(fingerprint, [hookline, *built_in])))


def _is_display(plugin: object) -> bool:
    """Whether it is the display of the command line, which does not affect the training."""
    return type(plugin).__module__.partition(".")[0] in BUILT_IN


def implementations(run: Run, stage: str) -> Iterator[Implementation]:
    """The implementations of a stage, in calling order."""
    origins = {origin.name: origin for origin, _ in run.plugins}
    displays = {origin.name for origin, plugin in run.plugins if _is_display(plugin)}
    callbacks = {callback_name(index, spec): spec for index, spec in enumerate(run.spec.callbacks)}
    for called in attribution.implementations(run.stages.manager, stage):
        plugin = called.plugin_name
        if plugin in displays:
            continue
        spec = callbacks.get(plugin)
        if spec is None and plugin not in origins:
            continue  # `Plugins.arranged` has added it, to observe the run.
        origin = origins[plugin] if spec is None else run.catalog.plugin(type(spec))
        limits = _limits(spec) if isinstance(spec, CallbackSpec) else ""
        yield Implementation(
            plugin=plugin, release=origin.release, is_wrapper=attribution.is_wrapper(called), limits=limits
        )


def _limits(spec: CallbackSpec) -> str:
    limits = (("every", spec.every), ("from", spec.first), ("to", spec.last))
    return " ".join(f"{word} {number}" for word, number in limits if number is not None)


def _groups(optimizer: "optim.Optimizer") -> Iterator[Group]:
    kinds = {
        id(group): type(part) for part in getattr(optimizer, "optimizers", [optimizer]) for group in part.param_groups
    }
    for index, group in enumerate(optimizer.param_groups):
        known = (
            "name",
            *inspect.signature(kinds[id(group)]).parameters,
        )  # Schedulers, and Adam itself, add other keys.
        plain = (bool, int, float, str, tuple)
        options = {name: _without_none(group[name]) for name in known if isinstance(group.get(name), plain)}
        name = str(options.pop("name", "all" if len(optimizer.param_groups) == 1 else f"group {index}"))
        shown = {"lr": float(group["lr"])} if "lr" in group else {}
        size = sum(parameter.numel() for parameter in group["params"])
        yield Group(name=name, parameters=size, options=shown | options)


def _without_none(value: Any) -> Any:
    """An option of an optimizer for the lock: TOML has no null, which torch uses in `eps` of Adafactor."""
    return tuple("None" if one is None else one for one in value) if isinstance(value, tuple) else value
