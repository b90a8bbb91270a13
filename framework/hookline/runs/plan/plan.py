"""The plan of a run: which plugins answer and wrap each stage, the layers of the model, and what the bits depend on."""

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.data.batches import length_of
from hookline.data.prepared_column import PreparedColumn
from hookline.plugins.stages import STAGES, Run
from hookline.runs.fingerprint import of_data
from hookline.runs.plan.effects import Effect, effects, read_files
from hookline.runs.plan.groups import Group, groups_of
from hookline.runs.plan.layers import Layer
from hookline.runs.plan.memory import Memory
from hookline.runs.plan.split_counts import SplitCounts
from hookline.runs.plan.used_plugins import Implementation, UsedPlugin, implementations, used_plugins
from hookline.runs.versions import version

if TYPE_CHECKING:
    import torch
    from torch import nn, optim

    from hookline.data.data import Data


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
        plugins=tuple(used_plugins(run)),
        stages={stage: tuple(implementations(run, stage)) for stage in STAGES},
        rows={split: batches.rows for split, batches in data.splits().items()},
        dropped=dict(data.dropped),
        reading=data.reading,
        data=of_data(data),
        columns=tuple(data.columns),
        layers=layers,
        groups=tuple(groups_of(optimizer)),
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
