"""Translations of torch's operators to ONNX that torch's exporter lacks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

INT64 = 7
"""The number of the type int64 in ONNX."""


def translations_of_torch() -> Mapping[Any, Callable[..., Any]]:
    """Return a function for each operator, for `torch.onnx.export`."""
    import onnxscript
    import torch

    op: Any = onnxscript.opset18

    def reduced(reduce: Callable[..., Any], inputs: Any, output_size: Sequence[int]) -> Any:
        """Reduce windows that divide each of the last dimensions into `output_size` parts.

        The mean over a box is the mean of means along each dimension, and so is the maximum. The windows are those of
        torch: from `floor(i n / m)` up to `ceil((i + 1) n / m)`.
        """
        sizes = [int(size) for size in inputs.shape[-len(output_size) :]]
        for place, (size, parts) in enumerate(zip(sizes, output_size, strict=True)):
            axis = place - len(sizes)
            windows = [(part * size // parts, -(-(part + 1) * size // parts)) for part in range(parts)]
            found = [reduce(op.Slice(inputs, [begin], [end], [axis]), [axis]) for begin, end in windows]
            inputs = op.Concat(*found, axis=axis) if len(found) > 1 else found[0]
        return inputs

    def adaptive_average(inputs: Any, output_size: Sequence[int]) -> Any:
        return reduced(op.ReduceMean, inputs, output_size)

    def adaptive_maximum(inputs: Any, output_size: Sequence[int]) -> Any:
        """Return the maxima, and instead of their indices, which no layer uses, anything."""
        made = reduced(op.ReduceMax, inputs, output_size)
        return made, op.Cast(made, to=INT64)

    def evaluated_rrelu(inputs: Any, noise: Any, lower: float = 1 / 8, upper: float = 1 / 3, **_: Any) -> Any:
        """Return what RReLU computes in evaluation: the slope is the mean of both limits."""
        return op.LeakyRelu(inputs, alpha=(lower + upper) / 2), noise

    return {
        torch.ops.aten._adaptive_avg_pool3d.default: adaptive_average,
        torch.ops.aten.adaptive_max_pool2d.default: adaptive_maximum,
        torch.ops.aten.adaptive_max_pool3d.default: adaptive_maximum,
        torch.ops.aten.rrelu_with_noise_functional.default: evaluated_rrelu,
    }
