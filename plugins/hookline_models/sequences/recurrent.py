"""Layers that go through a sequence step by step, with a state."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import TorchLayer
from hookline_models.sequences.lengths import check_lengths

if TYPE_CHECKING:
    from torch import Tensor, nn

Returns = Literal["sequence", "last"]


@spec
class Recurrent(TorchLayer):
    """What recurrent layers have in common: `(N, L, input_size)` to `(N, L, directions × hidden_size)`.

    Where the rows have lengths, the sequences are packed, so that padding is not gone through.

    torch's option `batch_first` is left out: rows always come first.
    """

    row = ("steps", "features")
    follows = {"input_size": -1}

    input_size: int | None = option(default=None, minimum=1)
    """How many features go in; left out, it follows from the inputs."""
    hidden_size: int = option(minimum=1)
    """How many numbers the state has."""
    num_layers: int = option(default=1, minimum=1)
    """How many layers lie on top of each other, each being given the outputs of the one below."""
    bias: bool = True
    """Whether there are learned numbers that are added."""
    dropout: float = option(default=0.0, minimum=0, maximum=1)
    """How likely a number between two layers is set to 0 during training."""
    bidirectional: bool = False
    """Whether there are two directions: each sequence is gone through from its end as well, and the outputs of both
    stand side by side."""
    returns: Returns = "sequence"
    """What comes out: "sequence" is the top layer's outputs at every step, 0 where there is padding; "last" is its
    state at the end, `(N, directions × hidden_size)`: that after each row's last step that is no padding, and beside
    it, if bidirectional, that of the other direction after the row's first step."""

    def __attrs_post_init__(self) -> None:
        if self.dropout and self.num_layers == 1:
            raise OptionError("dropout", "It is between layers, and `num_layers` is 1.")

    def build(self, inputs: "Tensor") -> "nn.Module":
        """The module of torch with this name, which takes lengths and gives one tensor."""
        options = self.options(inputs)
        returns = options.pop("returns")
        module = _recurrent(type(self).__name__)(**options, batch_first=True)
        module.returns = returns
        return module


@spec
class RNN(Recurrent):
    """A recurrent layer of Elman's kind: the state is a nonlinear function of the inputs and the state before.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    """The function."""


@spec
class LSTM(Recurrent):
    """Long short-term memory: gates decide what a cell keeps, takes in and gives.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
    """

    proj_size: int = option(default=0, minimum=0)
    """To how many numbers the outputs are projected, instead of `hidden_size`; 0 is no projection."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.proj_size >= self.hidden_size:
            raise OptionError("proj_size", "This must be less than `hidden_size`.")


@spec
class GRU(Recurrent):
    """A gated recurrent unit: gates decide how much of the state is kept.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
    """


@cache
def _recurrent(name: str) -> Any:
    """The class of torch with this name, but called with lengths, and giving what its attribute `returns` says."""
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    base: Any = getattr(nn, name)

    def forward(self: Any, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
        if lengths is None:
            outputs, state = base.forward(self, inputs)
        else:
            lengths, steps = lengths.cpu(), inputs.shape[1]
            check_lengths(lengths, steps)
            packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
            outputs, state = base.forward(self, packed)
            outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=steps)
        if self.returns == "sequence":
            return outputs
        hidden = state[0] if name == "LSTM" else state
        # From (layers × directions, N, features), the top layer last, to the top layer's (N, directions × features).
        return hidden[-2:].transpose(0, 1).flatten(1) if self.bidirectional else hidden[-1]

    return type(name, (base,), {"forward": forward, "takes_lengths": True})
