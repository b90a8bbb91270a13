"""The model of a finished run, and a run whose stages can be called."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.toml.document import Document
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.runs.manifest import Manifest
from hookline.runs.trials import ChosenTrial
from hookline.spec.families.metric import MetricSpec
from hookline.spec.training import TrainingSpec
from hookline.trained.load_weights import trained_modules
from hookline.trained.original_data import original_data
from hookline.trained.run_plugins import part_of_model
from hookline.trained.run_record import RunRecord
from hookline.training.run_setup import new_run

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.data import Data


class LoadedRun(RunRecord):
    """A finished run with its model, which is built from the spec and gets the saved weights when it is first used."""

    def __init__(
        self,
        trial: ChosenTrial,
        files: Manifest,
        spec: TrainingSpec,
        loader: Loader,
        document: Document,
        device: str | None,
        given: Any = None,
    ):
        """Keep what was read of the run; the model is built when it is first used."""
        super().__init__(trial, files, spec)
        self._loader, self._document = loader, document
        self._device, self._given = device, given

    @cached_property
    def model(self) -> "nn.Module":
        """The trained model, in evaluation mode."""
        return self._modules[0]

    @cached_property
    def criterion(self) -> "nn.Module":
        """The loss, with its trained parameters if it has any, in evaluation mode."""
        return self._modules[1]

    @contextmanager
    def opened(
        self,
        *,
        metrics: Sequence[MetricSpec] | None = None,
        closed_by: ExitStack | None = None,
        outer: Sequence[object] = (),
    ) -> Iterator[Run]:
        """Open a `hookline.Run` whose stages can be called, such as `predict` and `evaluate`.

        Its spec has no callbacks except those that are part of the model: see `WrapperSpec.is_part_of_model`.

        Args:
            metrics: the metrics of its spec. Default: those that were trained with.
            closed_by: a stack that closes the resources of the run later, so that it can be continued afterwards.
            outer: objects with wrappers around its stages, which are outermost.

        """
        callbacks = part_of_model(self.spec.callbacks, self.plan)
        metrics = self.spec.metrics if metrics is None else tuple(metrics)
        spec: TrainingSpec = evolve(cast("Any", self.spec), callbacks=callbacks, metrics=metrics)
        device = self._device or devices.existing(self.spec.run.device, self.spec.run.dtype)
        plugins = self._loader.plugins(self._document).inside(*outer)
        with new_run(spec, plugins, device=device, closed_by=closed_by, given=self._given) as run:
            run.state.epoch, run.state.step = self.weights.epoch, self.weights.step
            run.state.is_trained = True
            run.targets = self.data.targets
            yield run

    def prepared_data(self, run: Run) -> "Data":
        """Read the original data of the run again, with the stage `prepare_data` of an opened run.

        Pass `overrides` to `open_run` if the data has been moved, and `data` if it was passed to `train` in Python. A
        warning is issued if the data has changed since the training but is prepared in the same way.

        Args:
            run: from `opened`.

        Raises:
            RunError: If the data is no longer there, or if the data source now finds other columns, categories,
                statistics or classes.

        """
        return original_data(run, self.directory, self.data, str(self.plan["data"]))

    @cached_property
    def _modules(self) -> "tuple[nn.Module, nn.Module]":
        """The model and the criterion, built by the stages of the run, with the saved weights."""
        with self.opened() as run:
            return trained_modules(run, self.data, self.files, self.result)
