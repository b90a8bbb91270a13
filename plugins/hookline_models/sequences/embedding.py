"""Embeddings of indices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.data import InputGroup
from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import TorchLayer, ejected_layer

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


def _indices_of(groups: Sequence[InputGroup]) -> int:
    """Return the number of indices of the only column of a group of inputs.

    Raises:
        OptionError: If it is unknown, or if there are several columns, which would share the vectors.

    """
    if len(groups) != 1 or groups[0].cardinalities is None:
        where = f' of "{groups[0].name}"' if len(groups) == 1 else ""
        message = f"`num_embeddings` is missing: the data does not say how many indices{where} there are."
        raise OptionError("num_embeddings", message, id="missing-option")
    [group] = groups
    if len(group.cardinalities or ()) != 1:
        numbers = ", ".join(map(str, group.cardinalities or ()))
        raise OptionError(
            "num_embeddings",
            f'`num_embeddings` is missing: "{group.name}" has several columns, with {numbers} indices. Use '
            "CategoricalEmbeddings, which has vectors for each column, or set `num_embeddings` to let the columns "
            "share the vectors.",
            id="missing-option",
        )
    return group.cardinalities[0]  # type: ignore[index]


def _check_padding(padding_idx: int | None, indices: int) -> None:
    if padding_idx is not None and not -indices <= padding_idx < indices:
        raise OptionError("padding_idx", f"There are {indices} indices, and this is not one of them.")
