"""Weights that are the running mean of those of many steps."""

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hookline import Run, Weights, hookimpl
from hookline.spec import CallbackSpec, option, spec
from hookline_callbacks.weights.buffers import Buffers, copy
from hookline_callbacks.weights.weight_averaging import Averaging

if TYPE_CHECKING:
    from torch import nn


@spec
class ExponentialMovingAverage(CallbackSpec):
    """Judges, and in the end hands on, a running mean of the weights.

    After each step it is decay · mean + (1 - decay) · weights. Steps in which it does nothing, as of `every = 10`, do
    not count in the mean. Training itself goes on with the weights as they are. The loss of training is theirs, and
    those of validation and test are of the mean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html, with
    `get_ema_multi_avg_fn`
    """

    logs = ()
    writes_to = ()
    connects_to = ()
    replaces_weights = True

    decay: float = option(default=0.999, minimum=0, maximum=1)
    """How much of the mean is kept in each step."""
    use_buffers: bool = False
    """Whether the buffers, such as BatchNorm's statistics, are averaged too; otherwise they are those of the model."""

    def build(self) -> object:
        """The callback, which has the mean."""
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
        """Begin the mean, and in the end put it into the model."""
        self._begin(model, criterion)
        assert self._both is not None, "It has begun."
        self._means = list(_alike(self._averaged.module.parameters(), self._both.parameters()))
        self._buffers = Buffers([self._averaged.module]), Buffers([self._both])
        try:
            trained = yield
        finally:
            self._put_in(run)
        if told := _told_of_mean(self._spec.decay, self._updates):
            run.tell(told)
        return trained

    def _put_in(self, run: Run) -> None:
        """Put the mean into the model, also when the training was interrupted or failed."""
        run.state.weights = Weights(epoch=run.epoch, step=run.step)
        if self._updates:
            self._swap()
            name = "ExponentialMovingAverage"
            run.state.weights = Weights(source=name, epoch=run.epoch, step=run.step, is_mean=True)
        self._is_in_model = True  # The test is of what is in the model now.

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Add the weights to the mean."""
        is_updated = yield
        if is_updated:
            self._update()
        return is_updated

    @hookimpl(wrapper=True)
    def evaluate(self) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Judge the mean."""
        if not self._updates or self._is_in_model:
            return (yield)
        with self._swapped():
            return (yield)

    def _update(self) -> None:
        """What `AveragedModel.update_parameters` does, without looking for parameters and buffers in each step."""
        if self._updates == 0 or self._buffers is None or self._spec.use_buffers:
            super()._update()
        else:
            for mean, weights in self._means:
                self._average(mean, weights, self._updates)
            mine, others = self._buffers
            copy(mine.tensors(), others.tensors())
        self._updates += 1

    def state_dict(self) -> dict[str, Any]:
        """The mean, and of how many it is."""
        self._averaged.n_averaged.fill_(self._updates)  # It is not kept up to date in each step.
        return super().state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the mean of another run."""
        super().load_state_dict(state)
        self._updates = int(self._averaged.n_averaged)


def _alike(
    means: "Iterable[nn.Parameter]", weights: "Iterable[nn.Parameter]"
) -> "Iterable[tuple[list[nn.Parameter], list[nn.Parameter]]]":
    """Both in groups of one device and type, which torch can go through at once."""
    groups: dict[Any, tuple[list[nn.Parameter], list[nn.Parameter]]] = {}
    for mean, one in zip(means, weights, strict=True):
        group = groups.setdefault((one.device, one.dtype), ([], []))
        group[0].append(mean)
        group[1].append(one)
    return groups.values()


def _told_of_mean(decay: float, updates: int) -> str | None:
    """What is to be told of a mean that is of too little."""
    if not updates:
        return "ExponentialMovingAverage has averaged nothing: the model has the weights of the last step."
    share = decay ** (updates - 1)
    if updates == 1 or share <= 0.5:
        return None
    return (
        f"Of the mean that ExponentialMovingAverage hands on, {share:.0%} are the weights of its first step: of "
        f"{updates} steps a `decay` of {_fitting(updates)} would leave a tenth of them."
    )


def _fitting(updates: int) -> str:
    return f"{0.1 ** (1 / (updates - 1)):.2g}"
