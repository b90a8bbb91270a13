"""The modules of MLP and ResNet, with the parameters of rtdl_revisiting_models."""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from hookline_tabular.modules.features import FlatFeatures


def named(**modules: nn.Module) -> nn.Sequential:
    """Return a `torch.nn.Sequential` of modules with names."""
    return nn.Sequential(OrderedDict(modules))


class MLP(FlatFeatures):
    """A multilayer perceptron."""

    def __init__(self, *features: Any, d_in: int, d_out: int | None, n_blocks: int, d_block: int, dropout: float):
        super().__init__(*features)
        self.blocks = nn.ModuleList(
            [
                named(
                    linear=nn.Linear(d_block if index else d_in, d_block),
                    activation=nn.ReLU(),
                    dropout=nn.Dropout(dropout),
                )
                for index in range(n_blocks)
            ]
        )
        self.output = None if d_out is None else nn.Linear(d_block, d_out)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return `(N, d_out)`."""
        x = self.features(inputs)
        for block in self.blocks:
            x = block(x)
        return x if self.output is None else self.output(x)


class ResNet(FlatFeatures):
    """A multilayer perceptron with residual connections."""

    def __init__(
        self,
        *features: Any,
        d_in: int,
        d_out: int | None,
        n_blocks: int,
        d_block: int,
        d_hidden: int,
        dropout1: float,
        dropout2: float,
    ):
        super().__init__(*features)
        self.input_projection = nn.Linear(d_in, d_block)
        self.blocks = nn.ModuleList(
            [
                named(
                    normalization=nn.BatchNorm1d(d_block),
                    linear1=nn.Linear(d_block, d_hidden),
                    activation=nn.ReLU(),
                    dropout1=nn.Dropout(dropout1),
                    linear2=nn.Linear(d_hidden, d_block),
                    dropout2=nn.Dropout(dropout2),
                )
                for _ in range(n_blocks)
            ]
        )
        self.output = (
            None
            if d_out is None
            else named(normalization=nn.BatchNorm1d(d_block), activation=nn.ReLU(), linear=nn.Linear(d_block, d_out))
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return `(N, d_out)`."""
        x = self.input_projection(self.features(inputs))
        for block in self.blocks:
            x = x + block(x)
        return x if self.output is None else self.output(x)
