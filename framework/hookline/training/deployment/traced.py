"""Trace a model with its prediction: tensors in, predictions out."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from hookline.data.description import LENGTHS
from hookline.errors.exceptions import DeploymentError
from hookline.training.deployment.deployment import Deployment
from hookline.training.deployment.exporting import Format, exporting
from hookline.training.deployment.signature import Signature, batch_of, output_names
from hookline.training.predictions import predicted_outputs

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

LOGGERS = ("torch.onnx", "torch.export", "torch._export", "torch.fx", "onnxscript")
"""The loggers that report about packages that are not needed, and about the exporters' own code."""

LONGEST = 400
"""The largest number of characters of an error of torch that is quoted."""


def traced(deployment: Deployment, to: Format) -> "torch.export.ExportedProgram":
    """Trace the model of an opened deployment, with what turns its outputs into predictions.

    The program takes the arguments of `deployment.signature`, or for ONNX those of `deployment.raw_signature`, with any
    number of rows, and returns its outputs by name.

    Args:
        deployment: the deployment.
        to: the format that it is traced for.

    Raises:
        DeploymentError: If it cannot be traced, for example because a shape depends on the data.

    """
    import torch

    is_raw, dynamic = to == "onnx", torch.export.Dim
    signature = deployment.raw_signature if is_raw else deployment.signature
    padded = [name for name in signature.arguments if f"{name}{LENGTHS}" in signature.arguments]
    shapes = tuple(
        {0: dynamic.DYNAMIC, **({1: dynamic.AUTO} if name in padded else {})} for name in signature.arguments
    )
    example = tuple(tensor.clone() for tensor in signature.example)
    with exporting(to), quiet(), entered_layers(deployment.model) as layers:
        try:
            module = _predicting(deployment, signature, is_raw=is_raw)
            return torch.export.export(module, example, dynamic_shapes=(shapes,), strict=False)
        except Exception as error:
            where = f" in {layers[-1]}" if layers else ""
            raise DeploymentError(f"torch.export cannot trace the model{where}. {said(error)}") from error


def _predicting(deployment: Deployment, signature: Signature, *, is_raw: bool) -> Any:
    """Return a module that takes the arguments of a signature, and returns the predictions by name."""
    from torch import nn

    class Predicting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.criterion = deployment.model, deployment.criterion

        def forward(self, *tensors: "Tensor") -> "dict[str, Tensor]":
            batch = batch_of(dict(zip(signature.arguments, tensors, strict=True)))
            batch = deployment.finished(batch) if is_raw else batch
            several = predicted_outputs(deployment.run, self.model, self.criterion, deployment.data, batch)
            made: dict[str, Tensor] = {}
            for key, one in several.items():
                outputs: Any = one.outputs if one.kind == "embeddings" else one.predictions
                values = list(outputs.values()) if isinstance(outputs, Mapping) else [outputs]
                made |= dict(zip(output_names(key, one), values, strict=True))
            return made

    return Predicting().eval()


@contextmanager
def entered_layers(model: "nn.Module") -> "Iterator[list[str]]":
    """Yield a list of the layers that are being computed, the innermost last: one that fails stays in the list."""
    layers: list[str] = []
    handles: list[Any] = []
    for name, module in model.named_modules():
        called = f"the layer {name} ({type(module).__name__})" if name else type(module).__name__
        enter = partial(_append, layers, called)
        handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(lambda *_: _pop(layers))]
    try:
        yield layers
    finally:
        for handle in handles:
            handle.remove()


def _append(layers: list[str], called: str, *_: object) -> None:
    layers.append(called)


def _pop(layers: list[str]) -> None:
    layers.pop()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what torch's exporters report about packages that are not needed, and about their own code."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for category in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.simplefilter("ignore", category)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def said(error: BaseException) -> str:
    """Return the beginning of torch's long messages, on one line."""
    text = " ".join(str(error).strip().split("\n\n")[0].split())
    return f"{type(error).__name__}: {text[:LONGEST]}{'…' if len(text) > LONGEST else ''}".rstrip(":. ") + "."
