"""The base of callbacks that use the complete gradients of a step, before the parameters are updated."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from hookline import Run, hookimpl
from hookline.spec import CallbackSpec
from hookline_callbacks.gradients.norms import GradientsInModelOrder
from hookline_callbacks.gradients.sparse_gradients import refuse_sparse_gradients

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


class BeforeStep:
    """Calls `use` with the gradients of each step, without recording operations. A subclass overrides it."""

    _spec: CallbackSpec

    def __init__(self, spec: CallbackSpec):
        self._spec = spec
        self._gradients: GradientsInModelOrder | None = None

    def use(self, gradients: "list[Tensor]") -> None:
        """Read or change the gradients, in the order of the model's parameters; there is at least one."""
        raise NotImplementedError

    @hookimpl(wrapper=True)
    def select_optimizer(
        self, run: Run, model: "nn.Module", criterion: "nn.Module"
    ) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Refuse sparse gradients, whose norm torch cannot compute."""
        refuse_sparse_gradients(self._spec, run, model)
        self._gradients = GradientsInModelOrder(model, criterion)
        return (yield)

    @hookimpl(wrapper=True)
    def step(self, optimizer: "optim.Optimizer") -> Generator[None, bool, bool]:
        """Use the gradients before the parameters are updated."""
        import torch

        assert self._gradients is not None, "The optimizer has been selected."
        if gradients := self._gradients.of(optimizer):
            with torch.no_grad():
                self.use(gradients)
        return (yield)
