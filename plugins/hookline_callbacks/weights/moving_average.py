"""The exponential moving average of the weights."""

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hookline import Run, Weights, hookimpl
from hookline.script import Script
from hookline.spec import CallbackSpec, option, spec
from hookline_callbacks.weights.averaging import Averaging
from hookline_callbacks.weights.buffers import Buffers, copy
from hookline_callbacks.weights.weight_averaging_lines import SWAP, averaged_modules

if TYPE_CHECKING:
    from torch import nn


@spec
class ExponentialMovingAverage(CallbackSpec):
    """Keep an exponential moving average of the weights for evaluation and for the final model.

    After each step it becomes decay · mean + (1 - decay) · weights. Steps that `every`, `first` or `last` exclude do
    not count. Training continues with the unaveraged weights: the training loss is theirs, and the validation and test
    results are those of the average.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html, with
    `get_ema_multi_avg_fn`
    """

    logs = ()
    writes_to = ()
    connects_to = ()
    replaces_weights = True

    decay: float = option(default=0.999, minimum=0, maximum=1)
    """The weight of the mean in each step."""
    use_buffers: bool = False
    """Average buffers such as BatchNorm's statistics, too. Otherwise they are copied from the model."""

    def eject(self, script: Script, run: Run) -> None:
        """Add torch's AveragedModel, which is updated after each step and swapped with the model for evaluations."""
        script.use("from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn")
        script.define(SWAP)
        loop, averaged = script.loop, averaged_modules(script)
        buffers = ", use_buffers=True" if self.use_buffers else ""
        loop.before.append(
            f"average = AveragedModel({averaged}, multi_avg_fn=get_ema_multi_avg_fn({self.decay}){buffers})"
        )
        update = [f"average.update_parameters({averaged})"]
        if condition := self.ejected_condition("step + 1"):
            loop.counts_steps = True
            update = [f"if {condition}:", f"    {update[0]}"]
        loop.after_step = update + loop.after_step
        swap = [f"swap({averaged}, average.module)"]
        if condition or loop.skips:
            swap = ["if average.n_averaged:", f"    {swap[0]}"]
        loop.before_evaluation += swap
        loop.after_evaluation = swap + loop.after_evaluation
        loop.after = swap + loop.after

    def build(self) -> object:
        """Return the callback, which keeps the mean."""
        return _ExponentialMovingAverage(self)


class _ExponentialMovingAverage(Averaging):
    def __init__(self, spec: ExponentialMovingAverage):
        from torch.optim.swa_utils import get_ema_multi_avg_fn

        self._average = get_ema_multi_avg_fn(spec.decay)
        super().__init__(multi_avg_fn=self._average, use_buffers=spec.use_buffers)
        self._spec = spec
        self._updates = 0
        self._is_in_model = False
        self._means: list[tuple[list[nn.Parameter], list[nn.Parameter]]] = []
        self._buffers: tuple[Buffers, Buffers] | None = None

    @hookimpl(wrapper=True)
    def fit(self, run: Run, model: "nn.Module", criterion: "nn.Module") -> "Generator[None, nn.Module, nn.Module]":
        """Start the mean, and move it into the model at the end."""
        self._begin(model, criterion)
        assert self._both is not None, "`_begin` has been called."
        self._means = list(_alike(self._averaged.module.parameters(), self._both.parameters()))
        self._buffers = Buffers([self._averaged.module]), Buffers([self._both])
        try:
            trained = yield
        finally:
            self._put_in(run)
        if message := _message_about_mean(self._spec.decay, self._updates):
            run.note(message)
        return trained

    def _put_in(self, run: Run) -> None:
        """Move the mean into the model, even if the training was interrupted or failed."""
        run.state.weights = Weights(epoch=run.epoch, step=run.step)
        if self._updates:
            self._swap()
            name = "ExponentialMovingAverage"
            run.state.weights = Weights(source=name, epoch=run.epoch, step=run.step, is_mean=True)
        self._is_in_model = True  # The test split is evaluated with the weights in the model.

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Add the weights to the mean."""
        is_updated = yield
        if is_updated:
            self._update()
        return is_updated

    @hookimpl(wrapper=True)
    def evaluate(self) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Evaluate the mean."""
        if not self._updates or self._is_in_model:
            return (yield)
        with self._swapped():
            return (yield)

    def _update(self) -> None:
        """Do the same as `AveragedModel.update_parameters`, without finding parameters and buffers in each step."""
        if self._updates == 0 or self._buffers is None or self._spec.use_buffers:
            super()._update()
        else:
            for mean, weights in self._means:
                self._average(mean, weights, self._updates)
            mine, others = self._buffers
            copy(mine.tensors(), others.tensors())
        self._updates += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the mean and the number of averaged steps."""
        self._averaged.n_averaged.fill_(self._updates)  # It is not updated in each step.
        return super().state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the mean of another run."""
        super().load_state_dict(state)
        self._updates = int(self._averaged.n_averaged)


def _alike(
    means: "Iterable[nn.Parameter]", weights: "Iterable[nn.Parameter]"
) -> "Iterable[tuple[list[nn.Parameter], list[nn.Parameter]]]":
    """Group both by device and type, so that torch can process each group at once."""
    groups: dict[Any, tuple[list[nn.Parameter], list[nn.Parameter]]] = {}
    for mean, one in zip(means, weights, strict=True):
        group = groups.setdefault((one.device, one.dtype), ([], []))
        group[0].append(mean)
        group[1].append(one)
    return groups.values()


def _message_about_mean(decay: float, updates: int) -> str | None:
    """Return a message about a mean over too few steps."""
    if not updates:
        return "ExponentialMovingAverage averaged no steps: the model has the weights of the last step."
    share = decay ** (updates - 1)
    if updates == 1 or share <= 0.5:
        return None
    return (
        f"The first step contributes {share:.0%} to the mean of ExponentialMovingAverage: with "
        f"{updates} steps, a `decay` of {_fitting(updates)} would reduce it to 10%."
    )


def _fitting(updates: int) -> str:
    return f"{0.1 ** (1 / (updates - 1)):.2g}"
