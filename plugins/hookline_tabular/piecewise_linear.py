"""Piecewise linear embeddings of numbers, whose bins are quantiles of the training rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import InputGroup
from hookline.script import cannot_be_written
from hookline.spec import option, spec
from hookline_tabular.base import Constructed, constructed
from hookline_tabular.embeddings import refuse_other_than_numbers

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script

MOST_QUANTILE_ROWS = 2**24
"""The largest number of rows that `torch.quantile` takes; of more, every second, third … is used."""


@spec
class PiecewiseLinearEmbeddings(Constructed):
    """A vector for each number that says in which bins of its column it lies: `(N, columns)` to
    `(N, columns, d_embedding)`.

    The edges of the bins are quantiles of the training rows, as the layer sees them; equal ones are merged. They are
    saved with the weights. It must be the first layer of a group of inputs. With `activation = true` and
    `version = "A"`, it is the layer of the first paper.

    Source: Gorishniy, Rubachev and Babenko, https://arxiv.org/abs/2203.05556; the package rtdl_num_embeddings
    """

    n_bins: int = option(default=48, minimum=2)
    """The number of bins of each column, before equal edges are merged."""
    d_embedding: int = option(default=16, minimum=1)
    """The size of a vector. (The package requires this option and the next two; the defaults are those that its authors
    recommend with TabM.)"""
    activation: bool = False
    """End in ReLU."""
    version: Literal["A", "B"] = "B"
    """The parametrization: "A" is that of the first paper; "B", of TabM, begins as LinearEmbeddings and learns what the
    bins add."""

    def build(self, inputs: "Tensor", *, groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with the bins of the training rows."""
        import torch

        from hookline_tabular.modules.piecewise_linear import PiecewiseLinearEmbeddings

        refuse_other_than_numbers(inputs)
        if not groups:
            raise ValueError("It must be the first layer, because its bins are quantiles of the inputs of the data.")
        module = constructed(
            PiecewiseLinearEmbeddings,
            inputs.shape[1],
            self.n_bins,
            self.d_embedding,
            activation=self.activation,
            version=self.version,
        )
        if not inputs.is_meta:
            rows = torch.cat([group.training_rows() for group in groups], dim=1)
            if not rows.isfinite().all():
                raise ValueError("The training rows contain NaN or infinity, for which there is no bin.")
            module.impl.set_bins(quantile_bins(rows, self.n_bins))
        return module

    def eject(self, script: "Script", module: Any) -> str:
        """Copy the class of the module to the script, and set its bins to quantiles of the training rows."""
        made = Constructed.eject(self, script, module)
        if script.batch.training.keys() != script.batch.inputs.keys():
            raise cannot_be_written("Bins of rows that are not in memory have no lines.")
        groups = list(script.batch.training.values())
        rows = groups[0] if len(groups) == 1 else f"torch.cat([{', '.join(groups)}], dim=1)"
        return f"{script.define(WITH_BINS)}({made}, {rows}, n_bins={self.n_bins})"


WITH_BINS = '''
def with_bins(module, rows, n_bins):
    """Return the embeddings with bins whose edges are quantiles of the training rows."""
    steps = torch.linspace(0.0, 1.0, n_bins + 1).to(rows)
    module.impl.set_bins([torch.quantile(column, steps).unique() for column in rows.T])
    return module
'''


def quantile_bins(rows: "Tensor", n_bins: int) -> "list[Tensor]":
    """Return the edges of the bins of each column: distinct quantiles, at most `n_bins + 1` of them."""
    import torch

    rows = rows[:: -(-len(rows) // MOST_QUANTILE_ROWS)]
    steps = torch.linspace(0.0, 1.0, n_bins + 1).to(rows)
    return [torch.quantile(column, steps).unique() for column in rows.T]
