"""Layers that look up a learned vector for each index, or for each place in a sequence."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import TorchLayer
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class Lookup(TorchLayer):
    """The table in which vectors are looked up.

    torch's options for weights that are there already are left out: a spec is no place for them.
    """

    num_embeddings: int = option(minimum=1)
    """How many indices there are, from 0 on."""
    embedding_dim: int = option(minimum=1)
    """How many numbers a vector has."""
    padding_idx: int | None = option(default=None, unbounded=True)
    """The index of padding, whose vector is 0, whatever initializes the others, and is not trained; left out, there is
    none."""
    max_norm: float | None = option(default=None, above=0)
    """Vectors that are longer are made as long as this whenever they are looked up; left out, they stay as they are."""
    norm_type: float = option(default=2.0, above=0)
    """The p of the p-norm by which they are measured."""
    scale_grad_by_freq: bool = False
    """Whether gradients are divided by how often an index is in the batch."""
    sparse: bool = False
    """Whether the gradient is a sparse tensor, which SparseAdam, SGD and Adagrad take."""

    def __attrs_post_init__(self) -> None:
        if self.padding_idx is not None and not -self.num_embeddings <= self.padding_idx < self.num_embeddings:
            raise OptionError("padding_idx", f"There are {self.num_embeddings} indices, and this is none of them.")
        if self.sparse and self.scale_grad_by_freq:
            message = "torch cannot divide sparse gradients: leave out `sparse` or `scale_grad_by_freq`."
            raise OptionError("scale_grad_by_freq", message, against=[("sparse",)])

    def options(self, inputs: "Tensor") -> dict[str, Any]:
        """These options; the inputs must be indices that the table has."""
        import torch

        if inputs.dtype not in (torch.int64, torch.int32):
            found = str(inputs.dtype).removeprefix("torch.")
            raise ValueError(
                f"It looks up indices, which are integers of the type int64, and it is given {found}: say "
                f'`dtype = "int64"` in [data], or take Linear for numbers.'
            )
        wrong = inputs[(inputs < 0) | (inputs >= self.num_embeddings)]
        if len(wrong):
            raise ValueError(f"It has the indices 0 to {self.num_embeddings - 1}, and it is given {int(wrong[0])}.")
        return super().options(inputs)


@spec
class Embedding(Lookup):
    """A learned vector for each index: `(N, …)` to `(N, …, embedding_dim)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
    """


@spec
class EmbeddingBag(Lookup):
    """The mean, sum or maximum of the learned vectors for the indices of each row: `(N, L)` to `(N, embedding_dim)`.

    Where the rows have lengths, what stands behind them does not count.

    torch's option `include_last_offset` is left out: it belongs to rows that are given one after another, with offsets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
    """

    row = ("steps",)

    mode: Literal["sum", "mean", "max"] = "mean"
    """What is made of the vectors of a row."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.mode == "max":
            for name in ("scale_grad_by_freq", "sparse"):
                if getattr(self, name):
                    raise OptionError(name, 'torch has this for the modes "mean" and "sum" alone.')

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.EmbeddingBag` that takes lengths."""
        return _embedding_bag()(**self.options(inputs))


@spec
class LearnedPositionalEmbedding(TorchLayer):
    """Adds to each step of a sequence a learned vector of its place: `(N, L, embedding_dim)` to the same shape.

    It is not in `torch.nn`: the module is a `torch.nn.Embedding` of the places, and begins as that does.

    Source: https://arxiv.org/abs/1705.03122
    """

    row = ("steps", "features")
    follows = {"num_embeddings": 1, "embedding_dim": -1}
    may_be_more = ("num_embeddings",)

    num_embeddings: int | None = option(default=None, minimum=1)
    """How many places there are, the most steps that a sequence may have; left out, it follows from the inputs."""
    embedding_dim: int | None = option(default=None, minimum=1)
    """How many numbers a vector has; left out, it follows from the inputs."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.Embedding` that adds its first vectors to the steps."""
        return _learned_positional_embedding()(**self.options(inputs))


@cache
def _embedding_bag() -> "type[nn.EmbeddingBag]":
    from torch import nn

    class EmbeddingBag(nn.EmbeddingBag):
        takes_lengths = True

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":  # type: ignore[override]
            if lengths is None:
                return super().forward(inputs)
            # The rows one after another, without what stands behind them, and where each begins.
            indices, offsets = inputs[~padding_mask(inputs, lengths)], lengths.cumsum(0) - lengths
            return super().forward(indices, offsets.to(indices))

    return EmbeddingBag


@cache
def _learned_positional_embedding() -> "type[nn.Embedding]":
    from torch import nn

    class LearnedPositionalEmbedding(nn.Embedding):
        def forward(self, input: "Tensor") -> "Tensor":  # noqa: A002 - as torch calls it.
            steps = input.shape[1]
            if steps > self.num_embeddings:
                raise ValueError(f"It has {self.num_embeddings} places, and a sequence has {steps} steps.")
            return input + self.weight[:steps]

    return LearnedPositionalEmbedding
