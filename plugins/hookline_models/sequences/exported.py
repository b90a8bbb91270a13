"""Recurrent layers in a model that is traced: packed sequences cannot be, since their shapes depend on the lengths."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}
"""torch's gates of each layer in the order of ONNX: input, output, forget, cell; update, reset, hidden."""


def exported(module: Any, inputs: "Tensor", lengths: "Tensor | None", form: str) -> "Tensor":
    """Return what a recurrent layer computes, without packed sequences.

    In ONNX it is an operator of ONNX, which takes lengths. Otherwise the layer runs over the padding, each direction by
    itself: the reverse one over sequences that are reversed up to their lengths.

    Args:
        module: the layer, a subclass of torch's RNN, LSTM or GRU.
        inputs: the sequences, `(N, L, features)`.
        lengths: their lengths; `None` if none is padded.
        form: the format that the model is traced for.

    """
    import torch

    if lengths is None:
        lengths = inputs.new_full((inputs.shape[0],), inputs.shape[1], dtype=torch.int64)
    layer = _by_operator if form == "onnx" else _over_padding
    outputs, last = inputs, inputs
    for number in range(module.num_layers):
        outputs, last = layer(module, outputs, lengths, number)
    return outputs if module.returns == "sequence" else last


def _over_padding(module: Any, inputs: "Tensor", lengths: "Tensor", layer: int) -> "tuple[Tensor, Tensor]":
    """Return the outputs of a layer, 0 at padding, and its final state, `(N, directions × features)`."""
    import torch

    places = torch.arange(inputs.shape[1], device=inputs.device)
    is_step = (places < lengths.unsqueeze(1)).unsqueeze(2)
    # Each step up to the length is exchanged with the one at the same distance from the end.
    reversed_places = torch.where(is_step[:, :, 0], lengths.unsqueeze(1) - 1 - places, places)
    parts, finals = [], []
    for direction in range(2 if module.bidirectional else 1):
        given = _taken(inputs, reversed_places) if direction else inputs
        outputs = _run(module, given, layer, direction)
        final = outputs.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, outputs.shape[2]))[:, 0]
        parts.append(_taken(outputs, reversed_places) if direction else outputs)
        finals.append(final)
    return torch.cat(parts, dim=2).masked_fill(~is_step, 0.0), torch.cat(finals, dim=1)


def _taken(steps: "Tensor", places: "Tensor") -> "Tensor":
    return steps.gather(1, places.unsqueeze(2).expand(-1, -1, steps.shape[2]))


def _run(module: Any, inputs: "Tensor", layer: int, direction: int) -> "Tensor":
    """Return the outputs of one direction of a layer, from the first step to the last."""
    import torch

    rows, size = inputs.shape[0], module.hidden_size
    begin = inputs.new_zeros(1, rows, (module.proj_size if module.mode == "LSTM" else 0) or size)
    parameters = module.all_weights[layer * (2 if module.bidirectional else 1) + direction]
    arguments = (parameters, module.bias, 1, 0.0, False, False, True)
    if module.mode == "LSTM":
        return torch.lstm(inputs, (begin, inputs.new_zeros(1, rows, size)), *arguments)[0]
    run = {"GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}[module.mode]
    outputs: Tensor = run(inputs, begin, *arguments)[0]
    return outputs


def _by_operator(module: Any, inputs: "Tensor", lengths: "Tensor", layer: int) -> "tuple[Tensor, Tensor]":
    """Return the same with an operator that is translated to one of ONNX."""
    import torch

    directions = 2 if module.bidirectional else 1
    name, _, activation = module.mode.partition("_")
    several = [_parameters(module, layer * directions + direction, name) for direction in range(directions)]
    input_weights, weights, biases = (torch.stack(parts) for parts in zip(*several, strict=True))
    outputs, last = _operator()(inputs.transpose(0, 1), input_weights, weights, biases, lengths, name, activation)
    outputs, last = outputs.permute(2, 0, 1, 3), last.transpose(0, 1)
    if _is_projected(module):
        projections = torch.stack([module.all_weights[layer * directions + place][-1].T for place in range(directions)])
        outputs = (outputs.unsqueeze(3) @ projections).squeeze(3)
        last = (last.unsqueeze(2) @ projections).squeeze(2)
    return outputs.flatten(2), last.flatten(1)


def _is_projected(module: Any) -> bool:
    return module.mode == "LSTM" and bool(module.proj_size)


def _parameters(module: Any, index: int, name: str) -> "tuple[Tensor, Tensor, Tensor]":
    """Return the weights of one direction of a layer, and both biases next to each other, in the order of ONNX.

    ONNX has no LSTM with `proj_size`. But the gates are linear in the projected state P h: their weights W (P h) are
    (W P) h, so that an LSTM without a projection computes h, and its outputs can be projected afterwards.
    """
    import torch

    input_weight, weight, *biases = module.all_weights[index]
    if _is_projected(module):
        weight = weight @ biases.pop()
    if not biases:
        biases = [weight.new_zeros(weight.shape[0])] * 2

    def ordered(tensor: "Tensor") -> "Tensor":
        gates = tensor.chunk(len(GATES[name]))
        return torch.cat([gates[place] for place in GATES[name]])

    return ordered(input_weight), ordered(weight), torch.cat([ordered(bias) for bias in biases])


@cache
def _operator() -> Any:
    """Return an operator of torch that stands for RNN, LSTM and GRU of ONNX in a traced model. It is never run."""
    import torch
    from torch import Tensor

    @torch.library.custom_op("hookline::recurrent", mutates_args=())
    def recurrent(
        inputs: Tensor,
        input_weights: Tensor,
        weights: Tensor,
        biases: Tensor,
        lengths: Tensor,
        name: str,
        activation: str,
    ) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    @recurrent.register_fake
    def shapes(
        inputs: Tensor,
        input_weights: Tensor,
        weights: Tensor,
        biases: Tensor,
        lengths: Tensor,
        name: str,
        activation: str,
    ) -> tuple[Tensor, Tensor]:
        (steps, rows), (directions, _, size) = inputs.shape[:2], weights.shape
        return inputs.new_empty(steps, directions, rows, size), inputs.new_empty(directions, rows, size)

    # fmt: on
    return recurrent


def onnx_translations(module: Any) -> Mapping[Any, Any]:
    """Return how the operators of a traced layer are written in ONNX, for `torch.onnx.export`."""
    import onnxscript
    import torch

    _operator()
    op: Any = onnxscript.opset18

    def translated(
        inputs: Any, input_weights: Any, weights: Any, biases: Any, lengths: Any, name: str, activation: str
    ) -> Any:
        directions, _, size = weights.shape
        options: dict[str, Any] = {
            "hidden_size": int(size),
            "direction": "bidirectional" if int(directions) == 2 else "forward",
        }
        if name == "GRU":
            options["linear_before_reset"] = 1  # As in torch.
        if name == "RNN":
            options["activations"] = [activation.capitalize()] * int(directions)
        given = (inputs, input_weights, weights, biases, op.Cast(lengths, to=INT32))
        outputs, last = getattr(op, name)(*given, **options)[:2]
        return outputs, last

    return {torch.ops.hookline.recurrent.default: translated}


INT32 = 6
"""The number of the type int32 in ONNX."""
