"""The members of a stack: each is the run of a trial, with its own callbacks, schedulers, log and optimizer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field

from hookline.errors.exceptions import HooklineError, StageError
from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.plugins.dispatch.dispatcher import Dispatcher
from hookline.plugins.dispatch.entered import Entered
from hookline.plugins.stages import Run, hookimpl
from hookline.training.loop.position import Position
from hookline.training.preparation import Parts
from hookline.tuning.stacked.evaluation import Evaluation

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batches
    from hookline.spec.objective.objective import Term


@define(eq=False, kw_only=True)
class Member:
    """A run in a stack."""

    run: Run
    parts: Parts
    evaluator: "Evaluator"
    """Its plugin, which evaluates its model together with those of the other members."""
    generators: "Tensor"
    """The state of torch's generator of the CPU in which its training begins."""
    failure: BaseException | None = None
    """What has ended it."""
    has_ended: bool = False
    """Whether it makes no more steps."""
    _fit: Entered = field(init=False)
    _position: Position = field(init=False)
    _epochs: Iterator[int] = field(init=False)
    _model: "nn.Module" = field(init=False)

    @property
    def stages(self) -> Dispatcher:
        """The stages of the run, with its plugins."""
        assert isinstance(self.run.stages, Dispatcher), "Runs are made by `new_run`."
        return self.run.stages

    @property
    def values(self) -> dict[str, Any]:
        """What the stage `fit` receives."""
        parts = self.parts
        own = {"model": parts.model, "criterion": parts.criterion, "optimizer": parts.optimizer}
        return {"run": self.run, "data": parts.data, **own}
