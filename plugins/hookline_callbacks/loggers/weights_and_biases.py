"""Logging to Weights & Biases."""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.data import Data
from hookline.spec import CallbackSpec, plain, spec
from hookline_callbacks.loggers.records import numbers, require

if TYPE_CHECKING:
    import wandb
    from torch import nn

INTERRUPTED = 255
"""The exit status that Weights & Biases interprets as Ctrl-C."""


@spec
class WeightsAndBiases(CallbackSpec):
    """Log a Weights & Biases run: the spec is its configuration, and the log of every epoch its history.

    Needs `pip install "hookline[wandb]"` and, unless `mode` is "offline", an account: `wandb login`. List
    WeightsAndBiases first: a callback sees only what callbacks and schedulers listed after it add to the record.

    Source: https://docs.wandb.ai/ref/python/functions/init/
    """

    only_observes = True
    is_part_of_model = False
    logs = ()
    keeps_log = True

    project: str | None = None
    """The project of the run. Default: the spec's `run.name`."""
    name: str | None = None
    """The name of the run. Default: the name of the run directory."""
    group: str | None = None
    """The group of the run, if any."""
    tags: tuple[str, ...] = ()
    """Tags for finding the run."""
    mode: Literal["online", "offline", "disabled"] = "online"
    """Whether to send the run live, to write it to `wandb` in the run directory for a later `wandb sync`, or to do
    neither."""

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The directory of the run, unless disabled."""
        return () if self.mode == "disabled" else ("wandb/",)

    @property
    def connects_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The server, if online."""
        return ("https://api.wandb.ai, or the WANDB_BASE_URL of the environment",) if self.mode == "online" else ()

    def build(self) -> object:
        """Return the callback, which owns the Weights & Biases run."""
        return _WeightsAndBiases(self)


class _WeightsAndBiases:
    def __init__(self, spec: WeightsAndBiases):
        self._spec = spec
        self._run: wandb.Run | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to start without the package."""
        require(self._spec, ("wandb",), "wandb", run)
        return (yield)

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Start a run with the spec, and make sure that it ends with the training."""
        import wandb

        assert run.directory is not None, "The run directory is created before training."
        self._run = began = wandb.init(
            project=self._spec.project or run.spec.run.name,
            name=self._spec.name or run.directory.resolve().name,
            group=self._spec.group,
            tags=list(self._spec.tags),
            mode=self._spec.mode,
            dir=str(run.directory),
            config=plain(run.spec, run.directory, run.catalog.name),
            # Do not affect other runs in this process, nor capture the printed output.
            settings=wandb.Settings(reinit="create_new", console="off"),
        )

        def end(kind: type[BaseException] | None, *_: object) -> None:
            began.finish(0 if kind is None else INTERRUPTED if issubclass(kind, KeyboardInterrupt) else 1)

        run.resources.push(end)
        return (yield)

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Log the numbers of the epoch."""
        record = yield
        assert self._run is not None
        self._run.log(numbers(record), step=record["step"])
        return record
