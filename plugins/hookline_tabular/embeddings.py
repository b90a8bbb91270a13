"""Embeddings of numbers and categories: a vector for each column of a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.data import InputGroup
from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_tabular.base import Constructed, constructed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


@spec
class LinearEmbeddings(Constructed):
    """A vector for each number: the number times a learnable vector of its column, plus another: `(N, columns)` to
    `(N, columns, d_embedding)`.

    Source: Gorishniy, Rubachev and Babenko, https://arxiv.org/abs/2203.05556; the package rtdl_num_embeddings
    """

    d_embedding: int = option(minimum=1)
    """The size of a vector."""

    eject = Constructed.eject

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a module for this number of columns."""
        from hookline_tabular.modules.embeddings import LinearEmbeddings

        refuse_other_than_numbers(inputs)
        return constructed(LinearEmbeddings, inputs.shape[1], self.d_embedding)


@spec
class LinearReLUEmbeddings(Constructed):
    """LinearEmbeddings followed by ReLU: `(N, columns)` to `(N, columns, d_embedding)`.

    Source: Gorishniy, Rubachev and Babenko, https://arxiv.org/abs/2203.05556; the package rtdl_num_embeddings
    """

    d_embedding: int = option(default=32, minimum=1)
    """The size of a vector."""

    eject = Constructed.eject

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a module for this number of columns."""
        from hookline_tabular.modules.embeddings import LinearReLUEmbeddings

        refuse_other_than_numbers(inputs)
        return constructed(LinearReLUEmbeddings, inputs.shape[1], self.d_embedding)


@spec
class PeriodicEmbeddings(Constructed):
    """Sines and cosines of each number with learnable frequencies, followed by a linear layer: `(N, columns)` to
    `(N, columns, d_embedding)`.

    Source: Gorishniy, Rubachev and Babenko, https://arxiv.org/abs/2203.05556; the package rtdl_num_embeddings
    """

    d_embedding: int = option(default=24, minimum=1)
    """The size of a vector."""
    n_frequencies: int = option(default=48, minimum=1)
    """The number of frequencies of each column."""
    frequency_init_scale: float = option(default=0.01, above=0)
    """The standard deviation of the initial frequencies, which matters: try values from 0.01 to 10."""
    activation: bool = True
    """End in ReLU."""
    lite: bool = False
    """Share the linear layer between all columns. (The package requires this option; there is no default.)"""

    def conflicts(self) -> "Iterable[OptionError]":
        """Yield an error for a shared linear layer without ReLU, which the package refuses too."""
        if self.lite and not self.activation:
            yield OptionError("lite", "A shared linear layer needs `activation`.", against=[("activation",)])

    eject = Constructed.eject

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a module for this number of columns."""
        from hookline_tabular.modules.embeddings import PeriodicEmbeddings

        refuse_other_than_numbers(inputs)
        return constructed(
            PeriodicEmbeddings,
            inputs.shape[1],
            self.d_embedding,
            n_frequencies=self.n_frequencies,
            frequency_init_scale=self.frequency_init_scale,
            activation=self.activation,
            lite=self.lite,
        )


@spec
class CategoricalEmbeddings(Constructed):
    """A learnable vector for each category of each column: `(N, columns)` of indices to `(N, columns, d_embedding)`.

    Unlike Embedding, each column has vectors of its own.

    Source: Gorishniy, Rubachev, Khrulkov and Babenko, https://arxiv.org/abs/2106.11959; the package
    rtdl_revisiting_models
    """

    cardinalities: tuple[int, ...] | None = option(default=None, minimum=1)
    """The number of categories of each column. Default: what the data source says."""
    d_embedding: int = option(minimum=1)
    """The size of a vector."""
    bias: bool = True
    """Add a learnable vector for each column, whatever the category."""

    eject = Constructed.eject

    def build(self, inputs: "Tensor", *, groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with a `torch.nn.Embedding` for each column."""
        from hookline_tabular.modules.embeddings import CategoricalEmbeddings

        if inputs.is_floating_point() or inputs.dim() != 2:
            raise ValueError("It takes rows with an index of the type int64 for each column.")
        known = self.cardinalities or (groups[0].cardinalities if len(groups) == 1 else None)
        if known is None:
            message = "`cardinalities` is missing: the data does not say how many categories there are."
            raise OptionError("cardinalities", message, id="missing-option")
        if len(known) != inputs.shape[1]:
            raise ValueError(f"`cardinalities` has {len(known)} numbers, but there are {inputs.shape[1]} columns.")
        return constructed(CategoricalEmbeddings, known, self.d_embedding, bias=self.bias)


def refuse_other_than_numbers(inputs: "Tensor") -> None:
    """Raise a `ValueError` if the inputs are not rows of numbers."""
    if not inputs.is_floating_point() or inputs.dim() != 2:
        raise ValueError("It takes rows with a floating-point number for each column.")
