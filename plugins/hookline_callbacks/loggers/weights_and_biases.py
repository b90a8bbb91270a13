"""What is trained and logged, for Weights & Biases."""

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
"""The exit status by which Weights & Biases knows that somebody pressed Ctrl-C."""


@spec
class WeightsAndBiases(CallbackSpec):
    """Makes a run of Weights & Biases of it: the spec is its configuration, what is logged of every epoch its history.

    Needs `pip install "hookline[wandb]"` and, unless it is offline, an account: `wandb login`. List it first: what
    callbacks and schedulers add to the record is seen by those that are listed before them.

    Source: https://docs.wandb.ai/ref/python/functions/init/
    """

    logs = ()
    keeps_log = True

    project: str | None = None
    """The project to which the run belongs; left out, it is called as the spec's `run.name`."""
    name: str | None = None
    """What the run is called; left out, as the run directory."""
    group: str | None = None
    """The group of runs to which it belongs, if it belongs to one."""
    tags: tuple[str, ...] = ()
    """Words by which the run is found."""
    mode: Literal["online", "offline", "disabled"] = "online"
    """Whether it is sent as it comes, written to `wandb` in the run directory, from where `wandb sync` sends it, or
    neither."""

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """What is sent, or can be sent later."""
        return () if self.mode == "disabled" else ("wandb/",)

    @property
    def connects_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The service, if it is online."""
        return ("https://api.wandb.ai, or the WANDB_BASE_URL of the environment",) if self.mode == "online" else ()

    def build(self) -> object:
        """The callback, which has the run of Weights & Biases."""
        return _WeightsAndBiases(self)


class _WeightsAndBiases:
    def __init__(self, spec: WeightsAndBiases):
        self._spec = spec
        self._run: wandb.Run | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to begin without the package."""
        require(self._spec, ("wandb",), "wandb", run)
        return (yield)

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Begin with the spec, and see to it that it ends as the training does."""
        import wandb

        assert run.directory is not None, "It is made before training begins."
        self._run = began = wandb.init(
            project=self._spec.project or run.spec.run.name,
            name=self._spec.name or run.directory.resolve().name,
            group=self._spec.group,
            tags=list(self._spec.tags),
            mode=self._spec.mode,
            dir=str(run.directory),
            config=plain(run.spec, run.directory, run.catalog.name),
            # It is no concern of other runs in this process, nor of what is printed.
            settings=wandb.Settings(reinit="create_new", console="off"),
        )

        def end(kind: type[BaseException] | None, *_: object) -> None:
            began.finish(0 if kind is None else INTERRUPTED if issubclass(kind, KeyboardInterrupt) else 1)

        run.resources.push(end)
        return (yield)

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the epoch's numbers."""
        record = yield
        assert self._run is not None
        self._run.log(numbers(record), step=record["step"])
        return record
