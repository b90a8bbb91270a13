"""Mix rows of a batch with one another, and their losses accordingly."""

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from attrs import evolve

from hookline import Run, hookimpl
from hookline.data import Batch, Data, Outputs
from hookline.errors import MismatchError, OptionError
from hookline.script import Script, literal
from hookline.spec import CallbackSpec, OptimizerSpec, WrapperSpec, option, spec

if TYPE_CHECKING:
    import numpy
    from torch import Tensor, nn


@spec
class Mixing(CallbackSpec):
    """The base class of callbacks that mix rows."""

    unstackable = "it changes the rows of each batch"
    logs = ()
    writes_to = ()
    connects_to = ()
    mixes_rows = True
    is_part_of_model = False  # It mixes the rows of training steps only.

    alpha: float = option(default=1.0, above=0)
    """Shares are drawn from Beta(alpha, alpha): small values give shares near 0 or 1, large values near 0.5."""
    probability: float = option(default=1.0, minimum=0, maximum=1)
    """The fraction of steps in which rows are mixed."""

    def check(self, optimizer: OptimizerSpec, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse an optimizer that evaluates batches several times, since they are mixed in place, and a second
        mixture.
        """
        if optimizer.needs_closure:
            names = type(optimizer).__name__, type(self).__name__
            raise ValueError(f"{names[0]} evaluates each batch several times, but {names[1]} mixes it only once.")
        first, place = next((one, index) for index, one in enumerate(callbacks) if isinstance(one, Mixing))
        if first != self:  # Duplicates are reported elsewhere.
            message = f"{type(first).__name__} already mixes the rows, with the same draw as {type(self).__name__}"
            raise OptionError("type", f"{message}: remove one.", against=[("callbacks", place)])

    def build(self) -> object:
        """Return the callback, which remembers how the latest batch was mixed."""
        return _Mixing(self)

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {"lines": ("mix",)}
    lines: ClassVar[str] = ""
    """A function of a script that mixes the rows of a batch in place, and returns the order of the others with the
    remaining share of the rows, or `None` if they are not mixed."""

    def eject(self, script: Script, run: Run) -> None:
        """Add the function, and the mixed loss."""
        script.use("import numpy as np")
        source = self.lines.replace("ALPHA", literal(self.alpha))
        always = self.probability == 1.0
        begin = "generator.random()  # It decides whether to mix, with a probability of 1."
        if not always:
            begin = f"if generator.random() >= {self.probability}:\n        return None"
        name = script.define(source.replace("BEGIN", begin))
        script.loop.counts_steps = True
        script.loop.mixed = name
        script.loop.mixes_always = always
        script.loop.mixed_if = self.ejected_condition("step + 1")

    def incompatibility(self, batch: Batch) -> str | None:
        """Return why such rows cannot be mixed, or `None` if they can."""
        if len(batch.inputs) > 1 or batch.lengths or not batch.input.is_floating_point():
            return f"{type(self).__name__} needs a single group of inputs: floating-point rows of the same shape."
        return None

    def mix(self, rows: "Tensor", others: "Tensor", share: float, generator: "numpy.random.Generator") -> float:
        """Overwrite the rows with the mixture, and return the remaining share of the original rows."""
        raise NotImplementedError


@spec
class Mixup(Mixing):
    """Train on sums of two rows, share · one + (1 - share) · other, with the same sum of their losses.

    The share and the permutation of the other rows are drawn for each step, counted from 0, by
    `numpy.random.default_rng((seed, step, 2))`: first from Beta(alpha, alpha), then the permutation. With
    `run.accumulate` each part of a batch is mixed separately, with the draw of the step.

    Source: Zhang, Cisse, Dauphin and Lopez-Paz, https://arxiv.org/abs/1710.09412
    """

    lines = '''
def mixup(rows, step):
    """Mix the rows of a batch in place; return the order of the rows that are mixed in, and the share of the own."""
    generator = np.random.default_rng((SEED, step, 2))
    BEGIN
    share = float(generator.beta(ALPHA, ALPHA))
    order = torch.from_numpy(generator.permutation(len(rows)))
    others = rows[order]
    rows.mul_(share).add_(others, alpha=1 - share)
    return order, share
'''

    alpha: float = option(default=0.2, above=0)
    """Shares are drawn from Beta(alpha, alpha): small values give shares near 0 or 1, large values near 0.5."""

    def mix(self, rows: "Tensor", others: "Tensor", share: float, generator: "numpy.random.Generator") -> float:
        """Write the weighted sum of both."""
        rows.mul_(share).add_(others, alpha=1 - share)
        return share


@spec
class CutMix(Mixing):
    """Train on images in which a box is replaced by that of another image, with losses weighted by area.

    The share, the permutation of the other images and the center of the box are drawn for each step by
    `numpy.random.default_rng((seed, step, 2))`: from Beta(alpha, alpha), a permutation, a row and a column. With
    `run.accumulate` each part of a batch is mixed separately, with the draw of the step. Inputs: float `(N, C, H, W)`.

    Source: Yun, Han, Oh, Chun, Choe and Yoo, https://arxiv.org/abs/1905.04899
    """

    lines = '''
def cutmix(rows, step):
    """Put a box of other images into those of a batch, and return the order of the others, and the share of the own."""
    generator = np.random.default_rng((SEED, step, 2))
    BEGIN
    share = float(generator.beta(ALPHA, ALPHA))
    order = torch.from_numpy(generator.permutation(len(rows)))
    height, width = rows.shape[2:]
    middle = int(generator.integers(height)), int(generator.integers(width))
    half = [int(0.5 * (1 - share) ** 0.5 * size) for size in (height, width)]
    top, left = (max(0, place - size) for place, size in zip(middle, half, strict=True))
    bottom, right = min(height, middle[0] + half[0]), min(width, middle[1] + half[1])
    rows[:, :, top:bottom, left:right] = rows[order][:, :, top:bottom, left:right]
    return order, 1 - (bottom - top) * (right - left) / (height * width)
'''

    def incompatibility(self, batch: Batch) -> str | None:
        """Return why such rows cannot be mixed, such as inputs that are not images."""
        if (what := Mixing.incompatibility(self, batch)) is not None:
            return what
        shape = tuple(batch.input.shape[1:])
        return None if len(shape) == 3 else f"CutMix takes images, but a row of inputs has the shape {shape}."

    def mix(self, rows: "Tensor", others: "Tensor", share: float, generator: "numpy.random.Generator") -> float:
        """Replace a box whose area is as close to the share as the image border allows."""
        height, width = rows.shape[2:]
        middle = int(generator.integers(height)), int(generator.integers(width))
        half = [int(0.5 * (1 - share) ** 0.5 * size) for size in (height, width)]
        (top, left), (bottom, right) = (
            [max(0, place - size) for place, size in zip(middle, half, strict=True)],
            [min(most, place + size) for place, size, most in zip(middle, half, (height, width), strict=True)],
        )
        rows[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
        return 1 - (bottom - top) * (right - left) / (height * width)


class _Mixing:
    def __init__(self, spec: Mixing):
        self._spec = spec
        self._mixed: tuple[Tensor, float] | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse rows that cannot be mixed."""
        data = yield
        if (what := self._spec.incompatibility(data.example)) is not None:
            raise MismatchError(what, run.spec.place_of(self._spec))
        return data

    @hookimpl(wrapper=True)
    def forward(self, run: Run, batch: Batch) -> Generator[None, Outputs, Outputs]:
        """Mix the rows of a training batch in place."""
        self._mixed = None
        if run.is_stepping:
            self._mix(run, batch.input)
        return (yield)

    @hookimpl(wrapper=True)
    def loss(
        self, run: Run, criterion: "nn.Module", outputs: Outputs, batch: Batch
    ) -> "Generator[None, Tensor, Tensor]":
        """Mix the losses with the same share."""
        if self._mixed is None:
            return (yield)
        (order, share), self._mixed = self._mixed, None
        targets = {name: target[order] for name, target in batch.targets.items()}
        # Computed first, because a combined loss logs the parts that it computed last.
        inside = run.stages.inside(self, "loss")
        weights = None if batch.weights is None else batch.weights[order]
        others = evolve(batch, targets=targets, weights=weights)
        other = inside(run=run, criterion=criterion, outputs=outputs, batch=others)
        own = yield
        return share * own + (1 - share) * other

    def _mix(self, run: Run, rows: "Tensor") -> None:
        import numpy
        import torch

        generator = numpy.random.default_rng((run.spec.run.seed, run.step, 2))
        if generator.random() < self._spec.probability:
            share = float(generator.beta(self._spec.alpha, self._spec.alpha))
            order = torch.from_numpy(generator.permutation(len(rows))).to(rows.device)
            self._mixed = order, self._spec.mix(rows, rows[order], share, generator)
