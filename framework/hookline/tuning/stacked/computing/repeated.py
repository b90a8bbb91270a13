"""What is computed again and again for batches: operation by operation at first, and then by a trace of them."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.plugins.stages import Run
from hookline.training.tracing.calls import most_in_call
from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.conditions import settings
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.shapes import MOST_SHAPES, shape_of
from hookline.training.tracing.traced_step import tensors_of
from hookline.tuning.stacked.computing.batches import Together
from hookline.tuning.stacked.computing.layers.noise import Draw, Noise
from hookline.tuning.stacked.computing.traced import Traced, recorded

if TYPE_CHECKING:
    from torch import Tensor

WARM_UP = 2
"""The number of batches of each shape that are computed operation by operation before one is recorded."""

COST, COST_IN_BATCHES = 0.01, 5
"""What it costs to trace: seconds, and besides that, the time of so many batches."""

MOST_SAVED = 0.0005
"""What a trace saves for each batch, in seconds: the time of Python between operations."""

SAVED_PART = 0.1
"""The part of the time of a batch that a trace saves besides that, since it releases memory for the next operation as
soon as possible."""


@define(eq=False)
class _OfShape:
    """What is known about batches of one shape."""

    count: int = 0
    """The number of batches that were computed operation by operation."""
    comparison: Comparison = field(factory=Comparison)
    """How the trace compares with the operations one by one."""
    seconds: float = 0.0
    """How long a batch takes if several are computed at once."""
    draws: Sequence[Draw] = ()
    """The noise for a batch."""
    traced: Traced | None = None
    is_left: bool = False
    """Whether all batches are computed operation by operation."""

    @property
    def is_ready(self) -> bool:
        """Whether the trace alone computes further batches."""
        return self.traced is not None and self.comparison.has_same_bits and not self.is_left


@define(eq=False, kw_only=True)
class Repeated:
    """Computes a function of batches, which returns one tensor and may change known tensors and the batch in place.

    The first batches of a shape are computed operation by operation. Then one is recorded, some are computed both ways
    and compared bit by bit, and the trace computes the others: as many in one call as suit a look at signals.
    """

    run: Run
    """The run of a member."""
    noise: Noise
    function: "Callable[[Together, Sequence[Tensor]], Tensor]"
    """Computes a batch, given more tensors that belong to it."""
    known: "Callable[[], Sequence[Tensor]]"
    """Returns all other tensors that the function reads or changes; raises `Untraceable` if something else changes."""
    in_epoch: int | None = None
    """The number of batches in an epoch, most of which have the shape of the first one."""
    traced: int = field(default=0, init=False)
    """The number of batches that a trace alone has computed."""
    _shapes: dict[Hashable, _OfShape] = field(factory=dict, init=False)

    def forget(self) -> None:
        """Trace anew, since the function consists of other operations now."""
        self._shapes.clear()

    def groups(self, batches: Iterable[Together]) -> Iterator[list[Together]]:
        """Yield the batches in groups that can be computed at once."""
        group: list[Together] = []
        most, shape = 1, None
        for together in batches:
            its_shape = _shape(together)
            if group and (len(group) >= most or its_shape != shape):
                yield group
                group = []
            if not group:
                most, shape = self._most(together, its_shape), its_shape
            group.append(together)
            if most == 1:  # The next batch is not requested before this one is computed.
                yield group
                group = []
        if group:
            yield group

    def _most(self, together: Together, shape: Hashable) -> int:
        """The number of batches to compute at once."""
        known = self._shapes.get(shape)
        if known is None or not known.is_ready:
            return 1
        size = sum(tensor.nbytes for tensor in tensors_of(together.batch))
        return most_in_call(size, known.seconds)

    def __call__(self, group: Sequence[Together], more: "Sequence[Sequence[Tensor]] | None" = None) -> "Tensor":
        """Compute a group, given more tensors for each batch; return the results, `(batches, …)`."""
        several = more or [()] * len(group)
        shape = _shape(group[0])
        if shape is None or self.run.spec.run.trace == "off" or self.run.device.type != "cpu" or not _may_be_recorded():
            return self._each(group, several)
        if shape not in self._shapes and len(self._shapes) == MOST_SHAPES:
            return self._each(group, several)
        known = self._shapes.setdefault(shape, _OfShape())
        if known.is_ready:
            return self._by_trace(known, group, several)
        if known.is_left:
            return self._each(group, several)
        [together], [own] = group, several
        if known.traced is not None:
            return self._both_ways(known, known.traced, together, own)
        if known.count < WARM_UP or not self._earns_its_cost(known):
            known.count += 1
            with self.noise.noting() as known.draws:
                return known.comparison.measured(lambda: self.function(together, own)).unsqueeze(0)
        return self._recorded(known, together, own).unsqueeze(0)

    def _each(self, group: Sequence[Together], more: "Sequence[Sequence[Tensor]]") -> "Tensor":
        import torch

        return torch.stack([self.function(*pair) for pair in zip(group, more, strict=True)])

    def _earns_its_cost(self, known: _OfShape) -> bool:
        """Whether there are enough batches left."""
        seconds = known.comparison.by_layers
        in_epoch = known.count / max(1, self.run.epoch)
        if self.in_epoch is not None and known is next(iter(self._shapes.values())):
            in_epoch = max(in_epoch, self.in_epoch)
        left = in_epoch * (self.run.last_epoch - self.run.epoch)
        saved = min(MOST_SAVED + SAVED_PART * seconds, seconds / 2)
        return left * saved > COST + COST_IN_BATCHES * seconds

    def _recorded(self, known: _OfShape, together: Together, more: "Sequence[Tensor]") -> "Tensor":
        try:
            fixed = self.known()
        except Untraceable:
            known.is_left = True
            return self.function(together, more)
        noise = self.noise.several(known.draws)
        of_batch = [*tensors_of(together.batch), *noise, *more]
        with self.noise.giving(noise):
            result, traced = recorded(lambda: self.function(together, more), fixed, of_batch)
        try:
            known.traced = traced()
        except Untraceable:
            known.is_left = True
        return result

    def _both_ways(self, known: _OfShape, traced: Traced, together: Together, more: "Sequence[Tensor]") -> "Tensor":
        """Compute a batch both ways from the same state. The result of the operations one by one counts."""
        noise = self.noise.several(known.draws)

        def one_by_one() -> "Tensor":
            with self.noise.giving(noise):
                return self.function(together, more)

        result, reason = known.comparison.both_ways(
            lambda: self._repeated(traced, [together], [noise], [more])[0],
            one_by_one,
            [*self.known(), *tensors_of(together.batch), *more],
            _results,
            _results,
        )
        known.is_left = reason is not None
        known.seconds = known.comparison.traced
        return result.unsqueeze(0)

    def _by_trace(self, known: _OfShape, group: Sequence[Together], more: "Sequence[Sequence[Tensor]]") -> "Tensor":
        assert known.traced is not None, "The trace is ready."
        started = time.perf_counter()
        results = self._repeated(known.traced, group, [self.noise.several(known.draws) for _ in group], more)
        known.seconds = (time.perf_counter() - started) / len(group)
        self.traced += len(group)
        return results

    def _repeated(
        self,
        traced: Traced,
        group: Sequence[Together],
        noise: "Sequence[Sequence[Tensor]]",
        more: "Sequence[Sequence[Tensor]]",
    ) -> "Tensor":
        parts = zip(group, noise, more, strict=True)
        return traced([[*tensors_of(together.batch), *drawn, *own] for together, drawn, own in parts])


def _results(result: "Tensor") -> "Mapping[str, Sequence[Tensor]]":
    """What is compared of a batch, besides the tensors that it may change."""
    return {"the result": [result]}


def _shape(together: Together) -> Hashable:
    """On what a trace depends; `None` if such batches are not traced."""
    shape = shape_of(together.batch)
    return None if shape is None else (together.is_shared, shape)


def _may_be_recorded() -> bool:
    """Whether nothing else observes operations. Evaluations are traced without gradients."""
    import torch

    return settings(with_gradients=torch.is_grad_enabled()) is not None
