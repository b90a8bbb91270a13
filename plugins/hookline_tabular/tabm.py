"""An ensemble of perceptrons in one model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from hookline.data import InputGroup
from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_tabular.base import Constructed, FlatTableModel, constructed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


@spec
class TabM(FlatTableModel):
    """An ensemble of perceptrons that share most of their parameters, one of the best networks for tables.

    It takes groups of numbers, of indices of categories, or both, and returns the outputs of all members,
    `(N, k, d_out)`. The loss is the mean of the losses of the members, and the prediction that of their predictions.

    The defaults are those of `TabM.make` of the package. Its authors use AdamW with `lr = 2e-3` and
    `weight_decay = 3e-4`, and recommend PiecewiseLinearEmbeddings or PeriodicEmbeddings as `num_embeddings`.

    Source: Gorishniy, Kotelnikov and Babenko, https://arxiv.org/abs/2410.24210; the package tabm
    """

    k: int = option(default=32, minimum=1)
    """The number of members."""
    arch_type: Literal["tabm", "tabm-mini", "tabm-packed"] = "tabm"
    """What the members do not share: "tabm", factors of the inputs and outputs of each linear layer; "tabm-mini", only
    factors of the inputs of the first one; "tabm-packed", all parameters."""
    n_blocks: int | None = option(default=None, minimum=1)
    """The number of blocks of Linear, activation and Dropout. Default: 2 with `num_embeddings`, otherwise 3."""
    d_block: int = option(default=512, minimum=1)
    """The size of the hidden layers."""
    dropout: float = option(default=0.1, minimum=0, maximum=1)
    """The probability of setting an element to 0 during training."""
    activation: Literal["ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Tanh"] = "ReLU"
    """The activation."""
    start_scaling_init: Literal["random-signs", "normal"] | None = None
    """The distribution of the first factors, one for each column and member. Default: "normal" with `num_embeddings`,
    otherwise "random-signs"."""

    @property
    def members(self) -> int:
        """The members of the ensemble."""
        return self.k

    def conflicts(self) -> "Iterable[OptionError]":
        """Yield an error for factors that the architecture does not have."""
        if self.start_scaling_init is not None and self.arch_type == "tabm-packed":
            message = 'This has no effect with `arch_type = "tabm-packed"`.'
            yield OptionError("start_scaling_init", message, against=[("arch_type",)], id="unused-option")

    eject = Constructed.eject

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module that takes all groups of inputs."""
        from hookline_tabular.modules.tabm import TabM

        features, sizes = self.features(self.table(inputs, groups))
        is_embedded = self.num_embeddings is not None
        return constructed(
            TabM,
            *features,
            sizes=sizes,
            d_out=self.d_out,
            n_blocks=self.n_blocks or (2 if is_embedded else 3),
            d_block=self.d_block,
            dropout=self.dropout,
            activation=self.activation,
            k=self.k,
            arch_type=self.arch_type,
            start_scaling_init=self.start_scaling_init or ("normal" if is_embedded else "random-signs"),
        )
