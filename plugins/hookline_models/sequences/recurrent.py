"""Recurrent layers."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline.training import exporting_to
from hookline_models.base import TorchLayer, ejected_options, ejected_subclass
from hookline_models.sequences.exported import exported, onnx_translations
from hookline_models.sequences.lengths import check_lengths

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script

Returns = Literal["sequence", "last"]


@spec
class Recurrent(TorchLayer):
    """The base class of recurrent layers: `(N, L, input_size)` to `(N, L, directions × hidden_size)`.

    If the rows have lengths, the sequences are packed, so that padding is skipped.

    torch's option `batch_first` is not supported: the batch dimension always comes first.
    """

    unstackable = "torch cannot compute it for several models at once"
    row = ("steps", "features")
    follows = {"input_size": -1}

    input_size: int | None = option(default=None, minimum=1)
    """The number of input features. Default: inferred from the inputs."""
    hidden_size: int = option(minimum=1)
    """The size of the state."""
    num_layers: int = option(default=1, minimum=1)
    """The number of stacked layers, each of which gets the outputs of the previous one."""
    bias: bool = True
    """Use learnable biases."""
    dropout: float = option(default=0.0, minimum=0, maximum=1)
    """The probability of setting an element between two layers to 0 during training."""
    bidirectional: bool = False
    """Process each sequence in both directions, and concatenate the outputs."""
    returns: Returns = "sequence"
    """The output: "sequence" returns the outputs of the top layer at every step, 0 at padding; "last" returns its final
    state, `(N, directions × hidden_size)`: after the last step of each row without padding and, if bidirectional, that
    of the reverse direction after the first step."""

    def __attrs_post_init__(self) -> None:
        if self.dropout and self.num_layers == 1:
            raise OptionError("dropout", "It applies between layers, but `num_layers` is 1.")

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return torch's module of this name, which takes lengths and returns one tensor."""
        options = self.options(inputs)
        returns = options.pop("returns")
        module = _recurrent(type(self).__name__)(**options, batch_first=True)
        module.returns = returns
        return module

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return the options, as arguments of a subclass of torch's class that returns one tensor."""
        script.use("from torch import nn")
        name = type(self).__name__
        last = "state[0]" if name == "LSTM" else "state"
        last = f"{last}[-2:].transpose(0, 1).flatten(1)" if self.bidirectional else f"{last}[-1]"
        made = "outputs" if self.returns == "sequence" else last
        source = RECURRENT
        if script.batch.lengths:
            script.use("from torch.nn.utils.rnn import pack_padded_sequence")
            if self.returns == "sequence":
                script.use("from torch.nn.utils.rnn import pad_packed_sequence")
            source = WITH_LENGTHS
        what = "the outputs of all steps" if self.returns == "sequence" else "the last state"
        given = "outputs, _" if self.returns == "sequence" else "_, state"
        if script.batch.lengths and self.returns == "sequence":
            made = "pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])[0]"
        source = source.replace("NAME", name).replace("WHAT", what).replace("MADE", made)
        name = script.define(source.replace("GIVEN", given))
        options = ejected_options(self, module)
        del options["returns"]
        return ejected_subclass(self, name, {**options, "batch_first": True})


RECURRENT = '''
class NAME(nn.NAME):
    """A recurrent layer that returns WHAT."""

    def forward(self, inputs):
        GIVEN = super().forward(inputs)
        return MADE
'''

WITH_LENGTHS = '''
class NAME(nn.NAME):
    """A recurrent layer that returns WHAT of rows without their padding."""

    takes_lengths = True

    def forward(self, inputs, lengths):
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        GIVEN = super().forward(packed)
        return MADE
'''


@spec
class RNN(Recurrent):
    """An Elman network: the state is a nonlinear function of the inputs and the previous state.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    """The nonlinear function."""


@spec
class LSTM(Recurrent):
    """Long short-term memory: gates control what a cell keeps, adds and returns.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
    """

    proj_size: int = option(default=0, minimum=0)
    """The size to which outputs are projected, instead of `hidden_size`; 0 for no projection."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.proj_size >= self.hidden_size:
            raise OptionError("proj_size", "This must be smaller than `hidden_size`.")


@spec
class GRU(Recurrent):
    """A gated recurrent unit: gates control how much of the state is kept.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
    """


@cache
def _recurrent(name: str) -> Any:
    """Return a subclass of torch's class of this name that takes lengths and returns what `returns` selects."""
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    base: Any = getattr(nn, name)

    def forward(self: Any, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
        if (form := exporting_to()) is not None:
            return exported(self, inputs, lengths, form)
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
        # Select the top layer, which is last, and change (directions, N, features) to (N, directions × features).
        return hidden[-2:].transpose(0, 1).flatten(1) if self.bidirectional else hidden[-1]

    members = {"forward": forward, "takes_lengths": True, "onnx_translations": onnx_translations}
    return type(name, (base,), members)
