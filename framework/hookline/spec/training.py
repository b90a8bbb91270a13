"""The root of a spec: its sections."""

from collections.abc import Iterator, Mapping

from attrs import fields

from hookline.errors.option_errors import OptionError
from hookline.errors.text import PathElement
from hookline.spec.conflicts.conflicts import conflicts
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.data import DataSpec
from hookline.spec.families.deploy import DeploySpec
from hookline.spec.families.initialization import InitializationSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.objective.ensemble import EnsembleObjective
from hookline.spec.objective.objective import Objective
from hookline.spec.options import Spec, option, spec
from hookline.spec.sections.initialize_from import InitializeFrom
from hookline.spec.sections.run_section import RunSpec


@spec
class TrainingSpec(Spec):
    """A whole spec: what to train, on which data, and what to do with it."""

    plugins: tuple[str, ...] = ()
    """Installed plugins to use, by the names of their entry points."""
    run: RunSpec = RunSpec()
    """The options of the run."""
    data: DataSpec
    """The data source."""
    model: ModelSpec
    """The model to train."""
    initialize: tuple[InitializationSpec, ...] = ()
    """Initializations that replace those of the layers. A parameter is initialized by the first entry that selects it.
    The vector of an embedding's `padding_idx` stays 0."""
    initialize_from: InitializeFrom = option(default=None)
    """Weights of another run to begin with, after `initialize`."""
    loss: LossSpec = option(default=None)
    """The loss to minimize. For a sum of several losses, use `losses` instead."""
    losses: Mapping[str, LossSpec] | None = None
    """The losses by name, whose sum is minimized, each times its `factor`."""
    optimizer: OptimizerSpec
    """The optimizer that minimizes the loss."""
    metrics: tuple[MetricSpec, ...] = ()
    """Metrics to compute in addition to the loss."""
    callbacks: tuple[WrapperSpec, ...] = ()
    """Callbacks and schedulers, which wrap the stages. The first one listed is the outermost."""
    deploy: tuple[DeploySpec, ...] = ()
    """The formats in which to deploy the trained model."""
    tune: TunerSpec | None = None
    """The search for better values of some options, which `hookline tune` runs."""

    @property
    def objective(self) -> Objective:
        """What is minimized: `loss`, or the sum of `losses`."""
        members = self.model.members
        if members is None:
            return Objective.of(self.loss, self.losses)
        return EnsembleObjective(dict(self.losses or {}) if self.loss is None else {None: self.loss}, members)

    def conflicts(self) -> Iterator[OptionError]:
        """Yield the conflicts between sections."""
        sections = {attribute.name: getattr(self, attribute.name) for attribute in fields(TrainingSpec)}
        return conflicts(sections)

    def place_of(self, callback: WrapperSpec) -> tuple[PathElement, ...]:
        """Return the path of a callback. No two callbacks are equal."""
        index = next((index for index, other in enumerate(self.callbacks) if other == callback), None)
        return ("callbacks",) if index is None else ("callbacks", index)


SEVERAL = ("initialize", "metrics", "callbacks", "deploy")
"""The sections that are lists of components, with headers in double brackets."""
