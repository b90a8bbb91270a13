"""The noise of dropout, drawn for each member of a stack as its own training would draw it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


def dropouts(model: "nn.Module") -> "dict[str, nn.Module]":
    """The layers of a model, by name, that set elements or channels to 0 at random."""
    from torch import nn

    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    return {name: module for name, module in model.named_modules() if type(module) in kinds}


class Draw(NamedTuple):
    """What a layer draws in a step."""

    layer: str
    """The name of the layer."""
    shape: tuple[int, ...]
    """The shape of the noise of one member."""
    dtype: "torch.dtype"
    device: "torch.device"


@frozen
class _Source:
    """A generator, and the members that would draw the same numbers."""

    generator: "torch.Generator"
    members: list[int]


class Noise:
    """Draws noise from generators in the state in which the training of each member would begin.

    Members whose generators have equal states share what is drawn, except for the probability.
    """

    def __init__(self, models: "Sequence[nn.Module]", states: "Sequence[Tensor]"):
        """Take the models, and the state of torch's generator of the CPU for each of them."""
        self._size = len(models)
        self._rates: list[Mapping[str, float]] = [
            {name: float(layer.p) for name, layer in dropouts(model).items()}  # type: ignore[arg-type]
            for model in models
        ]
        self._sources: list[_Source] = []
        self.take_states(states)
        self._noted: list[Draw] | None = None
        self._drawn: Iterator[Tensor] | None = None

    def take_states(self, states: "Sequence[Tensor]") -> None:
        """Continue from the state of a generator for each member."""
        import torch

        self._sources = []
        known: dict[object, _Source] = {}
        for index, (rates, state) in enumerate(zip(self._rates, states, strict=True)):
            # A layer that drops nothing or everything draws nothing.
            key = state.numpy().tobytes(), tuple(0 < rate < 1 for rate in rates.values())
            if key not in known:
                generator = torch.Generator()
                generator.set_state(state)
                known[key] = _Source(generator, [])
                self._sources.append(known[key])
            known[key].members.append(index)

    @contextmanager
    def noting(self) -> Iterator[list[Draw]]:
        """Note in a list what is drawn in the context."""
        noted = self._noted = []
        try:
            yield noted
        finally:
            self._noted = None

    @contextmanager
    def giving(self, drawn: "Sequence[Tensor]") -> Iterator[None]:
        """Draw nothing in the context, but use what `several` returned for the same draws."""
        self._drawn = iter(drawn)
        try:
            yield
        finally:
            self._drawn = None

    def several(self, draws: Sequence[Draw]) -> "list[Tensor]":
        """Draw the noise of a step before it is made."""
        return [self._new(draw) for draw in draws]

    def states(self) -> "list[Tensor]":
        """The present state of the generator of each member."""
        states = {index: one.generator.get_state() for one in self._sources for index in one.members}
        return [states[index] for index in range(self._size)]

    def draw(self, layer: str, shape: Sequence[int], like: "Tensor") -> "Tensor | None":
        """Return what torch multiplies the inputs of a dropout layer with; `None` if no member drops anything.

        Args:
            layer: the name of the layer.
            shape: the shape of the noise of one member.
            like: a tensor with the dtype and device of the noise.

        Returns:
            A tensor `(members, *shape)`, or `(1, *shape)` if it is the same for all of them.

        """
        if not any(one[layer] for one in self._rates):
            return None
        if self._drawn is not None:
            return next(self._drawn)
        draw = Draw(layer, tuple(shape), like.dtype, like.device)
        if self._noted is not None:
            self._noted.append(draw)
        return self._new(draw)

    def _new(self, draw: Draw) -> "Tensor":
        import torch

        rates = [one[draw.layer] for one in self._rates]
        if len(self._sources) == 1 and len(set(rates)) == 1:
            return _drawn(self._sources[0].generator, rates[0], draw).unsqueeze(0)
        rows: dict[int, Tensor] = {}
        for source in self._sources:
            drawn: dict[float, Tensor] = {}
            several = len({rates[index] for index in source.members}) > 1
            state = source.generator.get_state() if several else None
            for index in source.members:
                if rates[index] not in drawn:
                    if state is not None:
                        source.generator.set_state(state)
                    drawn[rates[index]] = _drawn(source.generator, rates[index], draw)
                rows[index] = drawn[rates[index]]
        return torch.stack([rows[index] for index in range(self._size)])


def _drawn(generator: "torch.Generator", rate: float, draw: Draw) -> "Tensor":
    """What torch's dropout multiplies its inputs with: 0, or the inverse of the probability of keeping an element."""
    import torch

    if rate in (0.0, 1.0):
        return torch.full(draw.shape, 1.0 - rate, dtype=draw.dtype, device=draw.device)
    kept = torch.empty(draw.shape, dtype=draw.dtype).bernoulli_(1 - rate, generator=generator)
    return kept.div_(1 - rate).to(draw.device)
