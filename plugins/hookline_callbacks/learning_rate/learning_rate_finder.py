"""A learning rate range test before training."""

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.data import Batch, Data
from hookline.errors import OptionError
from hookline.files import OptionalFiles
from hookline.script import Script
from hookline.spec import CallbackSpec, OptimizerSpec, WrapperSpec, option, spec
from hookline.training import SchedulerSpec, gradients_of
from hookline_callbacks.learning_rate.tried_rates import draw, steepest, write
from hookline_callbacks.weights.freeze import Freeze

if TYPE_CHECKING:
    from torch import nn, optim


FIND_RATE = '''
def find_rate():
    """Return the learning rate at which the loss falls fastest, if it is not the largest; restore everything."""
    before = deepcopy((STATES))
    tried, mean, best = [], 0.0, math.inf
    endless = chain.from_iterable(batches("training", epoch) for epoch in count(1))
    with torch.random.fork_rng(devices=[]):
        for index, (VARIABLES) in enumerate(islice(endless, STEPS)):
            rate = MIN_LR * (MAX_LR / MIN_LR) ** (index / (STEPS - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = gradients(ARGUMENTS).item()
            optimizer.step()
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            smoothed = mean / (1 - SMOOTHING ** (index + 1))
            if not math.isfinite(loss) or smoothed > 4 * best:
                break
            best = min(best, smoothed)
            tried.append((rate, smoothed))
    RESTORED
    falls = [((after - before) / math.log(rate / last), rate) for (last, before), (rate, after) in pairwise(tried)]
    slope, found = min(falls, default=(0.0, None))
    is_largest = len(tried) == STEPS and found == tried[-1][0]
    return found if slope < 0 and not is_largest else None
'''


@spec
class LearningRateFinder(CallbackSpec):
    """Try increasing learning rates before training, one step each, and plot the losses.

    The rate at which the loss falls fastest is usually a good choice. It is reported, and `learning_rate.csv` and
    `learning_rate.png` show every rate tried. Then model, loss and optimizer are restored, and training starts, with
    the suggested rate if `use` is set. If the loss falls fastest at the largest rate, a larger one may be better: a
    message says so, and training keeps the rate of the spec.

    Gradients are computed as in training: accumulated, with mixed rows, and without parameters frozen by a `Freeze`
    that is listed earlier. Wrappers around the stage `step`, such as clipping or weight averaging, do not run.

    Source: Smith, https://arxiv.org/abs/1506.01186
    """

    logs = ()
    writes_to = ("learning_rate.csv", "learning_rate.png")
    connects_to = ()
    unlimited = "It runs before the first step."

    min_lr: float = option(default=1e-06, above=0)
    """The first learning rate."""
    max_lr: float = option(default=1.0, above=0)
    """The last learning rate. Rates in between increase exponentially."""
    steps: int = option(default=100, minimum=10)
    """The number of learning rates to try. The trial ends early if the loss exceeds four times the best one."""
    smoothing: float = option(default=0.9, minimum=0, below=1)
    """The weight of earlier losses in the smoothed loss."""
    use: bool = False
    """Train with the suggested learning rate, in every parameter group."""

    def __attrs_post_init__(self) -> None:
        if self.min_lr >= self.max_lr:
            raise OptionError("min_lr", "The first learning rate must be smaller than the last.", against=[("max_lr",)])

    def check(self, optimizer: OptimizerSpec, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse schedulers, parameters that are frozen too late, and optimizers that evaluate the loss themselves."""
        if optimizer.needs_closure:
            raise ValueError(f"{type(optimizer).__name__} determines its step size itself.")
        optimizer.refuse_changed_lr("type", "remove LearningRateFinder")
        schedulers = [callback for callback in callbacks if isinstance(callback, SchedulerSpec)]
        if self.use and schedulers:
            name = type(schedulers[0]).__name__
            raise OptionError(
                "use", f"{name} starts from the learning rate of the spec: find one first, then set it there."
            )
        is_inside = False
        for place, callback in enumerate(callbacks):
            if isinstance(callback, Freeze) and is_inside:
                message = "Freeze is listed later, so the trial would train frozen parameters: list it earlier."
                raise OptionError("type", message, against=[("callbacks", place)])
            is_inside = is_inside or callback == self

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """Warn if the optimizer has parts that ignore the learning rate."""
        yield from run.spec.optimizer.doubt_changed_lr("type")

    def eject(self, script: Script, run: Run) -> None:
        """Add a function that tries the learning rates, and use the one at which the loss falls fastest."""
        script.use("import math", "from copy import deepcopy", "from itertools import chain, count, islice, pairwise")
        names = ", ".join(script.batch.all)
        variables = f"{names}," if len(script.batch.all) == 1 else names
        source = FIND_RATE.replace("MIN_LR", repr(self.min_lr)).replace("MAX_LR", repr(self.max_lr))
        source = source.replace("STEPS", str(self.steps)).replace("SMOOTHING", repr(self.smoothing))
        source = source.replace("VARIABLES", variables).replace("ARGUMENTS", names)
        states = ", ".join(f"{part}.state_dict()" for part in (*script.modules, "optimizer"))
        restored = [
            f"{part}.load_state_dict(before[{index}])" for index, part in enumerate((*script.modules, "optimizer"))
        ]
        source = source.replace("STATES", states).replace("RESTORED", "\n    ".join(restored))
        if run.objective.names:  # The terms of the loss are returned, too.
            source = source.replace(".item()", "[0].item()")
        if any(one.mixes_rows for one in run.spec.callbacks):  # The rows that are mixed depend on the step.
            source = source.replace("    before = deepcopy", "    global step\n    before = deepcopy")
            source = source.replace(
                "            optimizer.step()\n", "            optimizer.step()\n            step += 1\n"
            )
            source = source.replace("    falls = [", "    step = 0\n    falls = [")
        name = script.define(source)
        script.loop.needs_gradients = True
        script.loop.before.append(f"rate = {name}()")
        if self.use:
            script.loop.before += [
                "if rate is not None:",
                "    for group in optimizer.param_groups:",
                '        group["lr"] = rate',
            ]
        else:
            script.loop.before.append('print("The loss falls fastest at the learning rate", rate)')

    def build(self) -> object:
        """Return the callback."""
        return _LearningRateFinder(self)


class _LearningRateFinder:
    def __init__(self, spec: LearningRateFinder):
        self._spec = spec

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, data: Data, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Try the learning rates, restore everything, and train."""
        import torch

        if run.resumes_from is not None:
            return (yield)  # It has tried them before.
        devices = [run.device] if run.device.type == "cuda" else []
        with _restored(run, model, criterion, optimizer), torch.random.fork_rng(devices=devices):
            tried = list(self._tried(run, data, model, criterion, optimizer))
        assert run.directory is not None
        found = steepest(tried)
        is_last = len(tried) == self._spec.steps and found == tried[-1][0]
        for name, save in (("learning_rate.csv", write), ("learning_rate.png", draw)):
            with OptionalFiles():
                save(run.directory / name, tried, found)
        is_used = self._spec.use and found is not None and not is_last
        if is_used:
            for group in optimizer.param_groups:
                group["lr"] = found
        self._tell(run, found, is_last=is_last, is_used=is_used)
        return (yield)

    def _tell(self, run: Run, found: float | None, *, is_last: bool, is_used: bool) -> None:
        if found is None:
            sentence = "The loss falls at none of the learning rates; see learning_rate.png."
        elif is_last:
            sentence = f"The loss still falls fastest at the largest learning rate, {found:.3g}: raise `max_lr`."
        else:
            used = "Training uses it; see" if is_used else "See"
            sentence = f"Learning rate {found:.3g}: the loss falls fastest there. {used} learning_rate.png."
        if self._spec.use and not is_used:
            sentence += " Training keeps the rate of the spec."
        run.note(sentence)

    def _tried(
        self, run: Run, data: Data, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> Iterator[tuple[float, float, float]]:
        """Yield learning rate, loss and smoothed loss of each step."""
        spec, mean, best = self._spec, 0.0, math.inf
        batches, gradients = _endless(data), gradients_of(run, model, criterion, optimizer)
        model.train()
        criterion.train()
        for index in range(spec.steps):
            run.raise_if_interrupted()
            rate = spec.min_lr * (spec.max_lr / spec.min_lr) ** (index / (spec.steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            number = float(gradients(next(batches)))
            optimizer.step()
            run.state.step += 1
            mean = spec.smoothing * mean + (1 - spec.smoothing) * number
            smoothed = mean / (1 - spec.smoothing ** (index + 1))
            if not math.isfinite(number) or smoothed > 4 * best:
                return
            best = min(best, smoothed)
            yield rate, number, smoothed


@contextmanager
def _restored(run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer") -> Iterator[None]:
    """Restore the state of model, loss, optimizer and step counter after the block, even if it raises an error."""
    parts: tuple[Any, ...] = (model, criterion, optimizer)
    before = [deepcopy(part.state_dict()) for part in parts]
    step = run.step
    try:
        yield
    finally:
        for part, state in zip(parts, before, strict=True):
            part.load_state_dict(state)
        optimizer.zero_grad()
        run.state.step = step


def _endless(data: Data) -> Iterator[Batch]:
    for epoch in count(1):
        yield from data.training.epoch(epoch)
