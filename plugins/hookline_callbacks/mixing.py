"""Rows that are mixed with one another, and their losses with them."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from hookline import Run, hookimpl
from hookline.data import Batch, Data, Outputs
from hookline.errors import MisfitError, OptionError
from hookline.spec import CallbackSpec, OptimizerSpec, WrapperSpec, option, spec

if TYPE_CHECKING:
    import numpy
    from torch import Tensor, nn


@spec
class Mixing(CallbackSpec):
    """The base of this page's callbacks."""

    logs = ()
    writes_to = ()
    connects_to = ()
    mixes_rows = True

    alpha: float = option(default=1.0, above=0)
    """Shares are drawn from Beta(alpha, alpha): near 0 or 1 if it is small, near a half if it is great."""
    probability: float = option(default=1.0, minimum=0, maximum=1)
    """In which part of the steps rows are mixed."""

    def check(self, optimizer: OptimizerSpec, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse an optimizer that looks at batches several times, which are mixed in place, and a second mixture."""
        if optimizer.needs_closure:
            names = type(optimizer).__name__, type(self).__name__
            raise ValueError(f"{names[0]} looks at each batch several times, which {names[1]} cannot mix again.")
        first, place = next((one, index) for index, one in enumerate(callbacks) if isinstance(one, Mixing))
        if first != self:  # That one is listed twice has been told.
            message = f"{type(first).__name__} mixes the rows already, by the same draw as {type(self).__name__}"
            raise OptionError("type", f"{message}: leave one out.", against=[("callbacks", place)])

    def build(self) -> object:
        """The callback, which knows how the latest batch was mixed."""
        return _Mixing(self)

    def misfit(self, batch: Batch) -> str | None:
        """Why rows such as these cannot be mixed, if they cannot."""
        if len(batch.inputs) > 1 or batch.lengths or not batch.input.is_floating_point():
            return f"{type(self).__name__} mixes one group of inputs, which are numbers of one shape."
        return None

    def mix(self, rows: "Tensor", others: "Tensor", share: float, generator: "numpy.random.Generator") -> float:
        """Write the mixture over the rows; gives the share of them that is left."""
        raise NotImplementedError


@spec
class Mixup(Mixing):
    """Trains with sums of two rows, share · one + (1 - share) · the other, and with the same sums of their losses.

    The share and the order of the other rows are drawn for each step by `numpy.random.default_rng((seed, step, 2))`: a
    Beta(alpha, alpha) and a permutation. Steps are counted from 0. With `run.accumulate` each part of a batch is mixed
    by itself, all by the draw of their step.

    Source: Zhang, Cisse, Dauphin and Lopez-Paz, https://arxiv.org/abs/1710.09412
    """

    alpha: float = option(default=0.2, above=0)
    """Shares are drawn from Beta(alpha, alpha): near 0 or 1 if it is small, near a half if it is great."""

    def mix(self, rows: "Tensor", others: "Tensor", share: float, generator: "numpy.random.Generator") -> float:
        """The sum of both, each times its share."""
        rows.mul_(share).add_(others, alpha=1 - share)
        return share


@spec
class CutMix(Mixing):
    """Trains with images in which a box is another image's, and with the sum of their losses by the areas.

    The share, the order of the other images and the middle of the box are drawn for each step by
    `numpy.random.default_rng((seed, step, 2))`: a Beta(alpha, alpha), a permutation, a row and a column. With
    `run.accumulate` each part of a batch is mixed by itself, all by the draw of their step. Inputs: float
    `(N, C, H, W)`.

    Source: Yun, Han, Oh, Chun, Choe and Yoo, https://arxiv.org/abs/1905.04899
    """

    def misfit(self, batch: Batch) -> str | None:
        """As for both; and they must be images."""
        if (what := Mixing.misfit(self, batch)) is not None:
            return what
        shape = tuple(batch.input.shape[1:])
        return None if len(shape) == 3 else f"CutMix takes images, and the inputs of a row have the shape {shape}."

    def mix(self, rows: "Tensor", others: "Tensor", share: float, generator: "numpy.random.Generator") -> float:
        """The box, whose area is as near to the share as it can be inside of the image."""
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
        if (what := self._spec.misfit(data.example)) is not None:
            raise MisfitError(what, run.spec.place_of(self._spec))
        return data

    @hookimpl(wrapper=True)
    def forward(self, run: Run, batch: Batch) -> Generator[None, Outputs, Outputs]:
        """Mix the rows of a batch of training in their place."""
        self._mixed = None
        if run.is_stepping:
            self._mix(run, batch.input)
        return (yield)

    @hookimpl(wrapper=True)
    def loss(
        self, run: Run, criterion: "nn.Module", outputs: Outputs, batch: Batch
    ) -> "Generator[None, Tensor, Tensor]":
        """Mix the losses as the rows."""
        if self._mixed is None:
            return (yield)
        (order, share), self._mixed = self._mixed, None
        targets = {name: target[order] for name, target in batch.targets.items()}
        # First, since a loss of several parts is asked for those that it computed last.
        inside = run.stages.inside(self, "loss")
        other = inside(run=run, criterion=criterion, outputs=outputs, batch=evolve(batch, targets=targets))
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
