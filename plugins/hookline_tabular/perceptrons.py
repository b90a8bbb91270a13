"""Multilayer perceptrons: plain, and with residual connections."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.data import InputGroup
from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_tabular.base import Constructed, FlatTableModel, constructed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


@spec
class MLP(FlatTableModel):
    """A multilayer perceptron: blocks of Linear, ReLU and Dropout, and a linear output layer.

    A good first model for a table. It takes groups of numbers, of indices of categories, or both. The package has no
    defaults; these are those of its example.

    Source: Gorishniy, Rubachev, Khrulkov and Babenko, https://arxiv.org/abs/2106.11959; the package
    rtdl_revisiting_models
    """

    n_blocks: int = option(default=2, minimum=1)
    """The number of blocks."""
    d_block: int = option(default=384, minimum=1)
    """The size of the hidden layers."""
    dropout: float = option(default=0.1, minimum=0, maximum=1)
    """The probability of setting an element to 0 during training."""

    eject = Constructed.eject

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module that takes all groups of inputs."""
        from hookline_tabular.modules.perceptrons import MLP

        features, sizes = self.features(self.table(inputs, groups))
        return constructed(
            MLP,
            *features,
            d_in=sum(sizes),
            d_out=self.d_out,
            n_blocks=self.n_blocks,
            d_block=self.d_block,
            dropout=self.dropout,
        )


@spec
class ResNet(FlatTableModel):
    """A perceptron with residual connections: each block is BatchNorm, Linear, ReLU, Dropout, Linear and Dropout.

    It takes groups of numbers, of indices of categories, or both. The package has no defaults; these are those of its
    example.

    Source: Gorishniy, Rubachev, Khrulkov and Babenko, https://arxiv.org/abs/2106.11959; the package
    rtdl_revisiting_models
    """

    n_blocks: int = option(default=2, minimum=1)
    """The number of blocks."""
    d_block: int = option(default=192, minimum=1)
    """The size of the inputs and outputs of the blocks."""
    d_hidden: int | None = option(default=None, minimum=1)
    """The size of the hidden layer of each block. Default: `d_hidden_multiplier` times `d_block`."""
    d_hidden_multiplier: float | None = option(default=None, above=0)
    """The size of the hidden layer of each block, divided by `d_block`. Default: 2, unless `d_hidden` is set."""
    dropout1: float = option(default=0.15, minimum=0, maximum=1)
    """The probability of setting an element of the hidden layer to 0 during training."""
    dropout2: float = option(default=0.0, minimum=0, maximum=1)
    """The probability of setting an element of the output of a block to 0 during training."""

    def conflicts(self) -> "Iterable[OptionError]":
        """Yield an error if the size of the hidden layer is set twice."""
        if self.d_hidden is not None and self.d_hidden_multiplier is not None:
            message = "`d_hidden` is set, too: remove one of them."
            yield OptionError("d_hidden_multiplier", message, against=[("d_hidden",)])

    eject = Constructed.eject

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module that takes all groups of inputs."""
        from hookline_tabular.modules.perceptrons import ResNet

        features, sizes = self.features(self.table(inputs, groups))
        multiplier = 2.0 if self.d_hidden_multiplier is None else self.d_hidden_multiplier
        return constructed(
            ResNet,
            *features,
            d_in=sum(sizes),
            d_out=self.d_out,
            n_blocks=self.n_blocks,
            d_block=self.d_block,
            d_hidden=self.d_hidden or max(1, int(self.d_block * multiplier)),
            dropout1=self.dropout1,
            dropout2=self.dropout2,
        )
