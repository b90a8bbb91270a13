"""Embeddings of indices and positions."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

from attrs import evolve

from hookline.data import InputGroup
from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline.training import exporting_to
from hookline_models.base import TorchLayer, ejected_layer, ejected_options, ejected_subclass
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Lookup(TorchLayer):
    """The base class of embeddings.

    torch's options for existing weights are not supported, since a spec cannot contain them.
    """

    num_embeddings: int | None = option(default=None, minimum=1)
    """The number of indices, from 0 on. Default: that of the column of the data, if the layer gets a group of inputs
    with one column of categories or tokens."""
    embedding_dim: int = option(minimum=1)
    """The size of a vector."""
    padding_idx: int | None = option(default=None, unbounded=True)
    """The index of padding. Its vector is always 0 and is not trained. Default: none."""
    max_norm: float | None = option(default=None, above=0)
    """The maximum norm: longer vectors are rescaled to it when they are looked up. Default: no limit."""
    norm_type: float = option(default=2.0, above=0)
    """The p of the p-norm for `max_norm`."""
    scale_grad_by_freq: bool = False
    """Divide gradients by the frequency of the index in the batch."""
    sparse: bool = False
    """Use sparse gradients, which SparseAdam, SGD and Adagrad support."""

    def __attrs_post_init__(self) -> None:
        if self.num_embeddings is not None:
            _check_padding(self.padding_idx, self.num_embeddings)
        if self.sparse and self.scale_grad_by_freq:
            message = "torch cannot divide sparse gradients: remove `sparse` or `scale_grad_by_freq`."
            raise OptionError("scale_grad_by_freq", message, against=[("sparse",)])

    def build(self, inputs: "Tensor", *, groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return torch's module of this name, with as many vectors as the group of inputs has indices."""
        sized = (
            self if self.num_embeddings is not None else evolve(cast("Any", self), num_embeddings=_indices_of(groups))
        )
        return sized.module(inputs)

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return torch's layer."""
        return ejected_layer(self._sized_like(module), script, module)

    def _sized_like(self, module: Any) -> "Lookup":
        """Return the layer with as many indices as a module that was built for it."""
        return evolve(cast("Any", self), num_embeddings=module.num_embeddings)

    def module(self, inputs: "Tensor") -> "nn.Module":
        """Return torch's module with a known number of indices."""
        return TorchLayer.build(self, inputs)

    def options(self, inputs: "Tensor") -> dict[str, Any]:
        """Return the options, and check that the inputs are valid indices."""
        import torch

        assert self.num_embeddings is not None
        if inputs.dtype not in (torch.int64, torch.int32):
            found = str(inputs.dtype).removeprefix("torch.")
            raise ValueError(
                f"It looks up indices of the type int64, but the inputs have the type {found}: set "
                f'`dtype = "int64"` in [data], or use Linear for numbers.'
            )
        wrong = inputs[(inputs < 0) | (inputs >= self.num_embeddings)]
        if len(wrong):
            raise ValueError(
                f"It has the indices 0 to {self.num_embeddings - 1}, but the inputs contain {int(wrong[0])}."
            )
        return super().options(inputs)


@spec
class Embedding(Lookup):
    """A learnable vector for each index: `(N, …)` to `(N, …, embedding_dim)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
    """


@spec
class EmbeddingBag(Lookup):
    """The mean, sum or maximum of the learnable vectors for the indices of each row: `(N, L)` to `(N, embedding_dim)`.

    If the rows have lengths, padding is excluded.

    torch's option `include_last_offset` is not supported, since it applies only to flattened rows with offsets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
    """

    row = ("steps",)

    mode: Literal["sum", "mean", "max"] = "mean"
    """How to combine the vectors of a row."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.mode == "max":
            for name in ("scale_grad_by_freq", "sparse"):
                if getattr(self, name):
                    raise OptionError(name, 'torch supports this only for the modes "mean" and "sum".')

    def module(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.EmbeddingBag` that takes lengths."""
        return _embedding_bag()(**self.options(inputs))

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return torch's layer, or a subclass of it that takes lengths."""
        if not script.batch.lengths:
            return super().eject(script, module)
        script.use("from torch import nn")
        sized = self._sized_like(module)
        return ejected_subclass(sized, script.define(BAG_WITH_LENGTHS), ejected_options(sized, module))


@spec
class LearnedPositionalEmbedding(TorchLayer):
    """Adds a learnable vector for its position to each step of a sequence: `(N, L, embedding_dim)` to the same shape.

    It is not in `torch.nn`: the module is a `torch.nn.Embedding` of positions, initialized like one.

    Source: https://arxiv.org/abs/1705.03122
    """

    row = ("steps", "features")
    follows = {"num_embeddings": 1, "embedding_dim": -1}
    may_be_more = ("num_embeddings",)

    num_embeddings: int | None = option(default=None, minimum=1)
    """The number of positions, which is the maximum length of a sequence. Default: inferred from the inputs."""
    embedding_dim: int | None = option(default=None, minimum=1)
    """The size of a vector. Default: inferred from the inputs."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.Embedding` that adds its first vectors to the steps."""
        return _learned_positional_embedding()(**self.options(inputs))

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return the sizes, as arguments of a subclass of torch's embedding."""
        script.use("from torch import nn")
        return ejected_subclass(self, script.define(POSITIONAL), ejected_options(self, module))


BAG_WITH_LENGTHS = '''
class EmbeddingBag(nn.EmbeddingBag):
    """The mean, sum or maximum of the vectors of the indices of each row, without its padding."""

    takes_lengths = True

    def forward(self, inputs, lengths):
        is_padding = torch.arange(inputs.shape[1], device=inputs.device) >= lengths.unsqueeze(1)
        return super().forward(inputs[~is_padding], lengths.cumsum(0) - lengths)
'''

POSITIONAL = '''
class LearnedPositionalEmbedding(nn.Embedding):
    """Adds a learned vector for its position to each step."""

    def forward(self, inputs):
        return inputs + self.weight[: inputs.shape[1]]
'''


def _indices_of(groups: Sequence[InputGroup]) -> int:
    """Return the number of indices of the only column of a group of inputs.

    Raises:
        ValueError: If it is unknown, or if there are several columns, which would share the vectors.

    """
    if len(groups) != 1 or groups[0].cardinalities is None:
        where = f' of "{groups[0].name}"' if len(groups) == 1 else ""
        raise ValueError(f"`num_embeddings` is missing: the data does not say how many indices{where} there are.")
    [group] = groups
    if len(group.cardinalities or ()) != 1:
        numbers = ", ".join(map(str, group.cardinalities or ()))
        raise ValueError(
            f'`num_embeddings` is missing: "{group.name}" has several columns, with {numbers} indices. Use '
            "CategoricalEmbeddings, which has vectors for each column, or set `num_embeddings` to let the columns "
            "share the vectors."
        )
    return group.cardinalities[0]  # type: ignore[index]


def _check_padding(padding_idx: int | None, indices: int) -> None:
    if padding_idx is not None and not -indices <= padding_idx < indices:
        raise OptionError("padding_idx", f"There are {indices} indices, and this is not one of them.")


@cache
def _embedding_bag() -> "type[nn.EmbeddingBag]":
    from torch import nn

    class EmbeddingBag(nn.EmbeddingBag):
        takes_lengths = True

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":  # type: ignore[override]
            if exporting_to() == "onnx":
                return _bags(self, inputs, lengths)
            if lengths is None:
                return super().forward(inputs)
            # Concatenate the rows without padding, and compute where each starts.
            indices, offsets = inputs[~padding_mask(inputs, lengths)], lengths.cumsum(0) - lengths
            return super().forward(indices, offsets.to(indices))

    return EmbeddingBag


def _bags(module: Any, inputs: "Tensor", lengths: "Tensor | None") -> "Tensor":
    """Return what an EmbeddingBag computes, from the vectors of all indices: ONNX has no such operator."""
    import torch

    is_padding = torch.zeros_like(inputs, dtype=torch.bool) if lengths is None else padding_mask(inputs, lengths)
    if module.padding_idx is not None:
        is_padding = is_padding | (inputs == module.padding_idx)
    is_padding = is_padding.unsqueeze(2)
    vectors = torch.nn.functional.embedding(inputs, module.weight)
    if module.mode == "max":
        largest = vectors.masked_fill(is_padding, float("-inf")).amax(dim=1)
        return largest.masked_fill(is_padding.all(dim=1), 0.0)
    total = vectors.masked_fill(is_padding, 0.0).sum(dim=1)
    return total if module.mode == "sum" else total / (~is_padding).sum(dim=1).clamp(min=1)


@cache
def _learned_positional_embedding() -> "type[nn.Embedding]":
    from torch import nn

    class LearnedPositionalEmbedding(nn.Embedding):
        def forward(self, input: "Tensor") -> "Tensor":  # noqa: A002 - torch's name.
            steps = input.shape[1]
            if exporting_to() is None and steps > self.num_embeddings:
                raise ValueError(f"It has {self.num_embeddings} positions, but a sequence has {steps} steps.")
            return input + self.weight[:steps]

    return LearnedPositionalEmbedding
