"""Logging to TensorBoard."""

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.data import Data
from hookline.spec import CallbackSpec, WrapperSpec, spec
from hookline_callbacks.loggers.records import numbers, require
from hookline_callbacks.time_budget import Paced

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.tensorboard import SummaryWriter

GREATEST = 1e19
"""The value to which larger numbers are clipped in histograms: torch's bins end slightly above it."""


@spec
class TensorBoard(CallbackSpec):
    """Write the log of every epoch to `tensorboard` in the run directory, and the complete spec as text.

    Run `tensorboard --logdir runs` to compare all runs, in single precision; `metrics.jsonl` has all digits. Needs `pip
    install "hookline[tensorboard]"`. List TensorBoard first: a callback sees only what callbacks and schedulers listed
    after it add to the record.

    Source: https://docs.pytorch.org/docs/stable/tensorboard.html
    """

    only_observes = True
    is_part_of_model = False
    logs = ()
    writes_to = ("tensorboard/",)
    connects_to = ()
    keeps_log = True

    histograms: bool = False
    """Write histograms of the model's parameters, and of the gradients of the last batch of the epoch."""

    def build(self) -> object:
        """Return the callback, which owns the writer."""
        return _TensorBoard(self)

    def check(self, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a second TensorBoard, which would write to the same directory."""
        if next(other for other in callbacks if isinstance(other, TensorBoard)) is not self:
            raise ValueError("Another TensorBoard writes to the same directory: remove one of them.")


class _TensorBoard:
    def __init__(self, spec: TensorBoard):
        self._spec = spec
        self._writer: SummaryWriter | None = None
        self._paced = Paced(spec)
        self._model: nn.Module | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to start without the package."""
        require(self._spec, ("tensorboard",), "tensorboard", run)
        return (yield)

    @hookimpl(wrapper=True)
    def fit(self, run: Run, model: "nn.Module") -> "Generator[None, nn.Module, nn.Module]":
        """Keep the model."""
        self._model = model
        return (yield)

    def _open(self, run: Run) -> "SummaryWriter":
        """Begin the file with the spec."""
        from torch.utils.tensorboard import SummaryWriter

        assert run.directory is not None, "The run directory is created before training."
        writer = SummaryWriter(str(run.directory / "tensorboard"))
        run.resources.callback(writer.close)
        text = (run.directory / "spec.toml").read_text(encoding="utf-8")
        writer.add_text("spec", f"```toml\n{text}```", 0)
        return writer

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Write the numbers of the epoch, and histograms if requested."""
        record = yield
        # Not before, since a run that cannot be resumed leaves its directory as it is.
        self._writer = self._writer or self._open(run)
        step = record["step"]
        for name, number in numbers(record).items():
            # Single precision, since `tensorboard` does not show curves written with `double_precision`.
            self._writer.add_scalar(name, number, step)
        if self._spec.histograms:
            assert self._model is not None
            for name, parameter in self._model.named_parameters():
                self._add_histogram(f"parameters/{name}", parameter, step)
                if parameter.grad is not None:
                    self._add_histogram(f"gradients/{name}", parameter.grad, step)
        self._paced.do(self._writer.flush)  # Flushing waits for the file; closing the writer also flushes it.
        return record

    def _add_histogram(self, tag: str, tensor: "Tensor", step: int) -> None:
        """Add a histogram of a tensor, unless it is empty."""
        values = (tensor.detach().to_dense() if tensor.is_sparse else tensor.detach()).double()
        values = values[~values.isnan()].clamp(-GREATEST, GREATEST)
        if values.numel():
            assert self._writer is not None
            self._writer.add_histogram(tag, values, step)
