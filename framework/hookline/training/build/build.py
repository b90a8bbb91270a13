"""Build a model layer by layer: each layer is applied once, so that the next one knows its input."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeAlias

from hookline.errors.exceptions import MismatchError
from hookline.errors.option_errors import OptionError
from hookline.errors.out_of_memory import is_out_of_memory
from hookline.errors.text import counted
from hookline.spec.families.model import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.input_group import InputGroup

Lengths: TypeAlias = "Tensor | Mapping[str, Tensor] | None"
"""The lengths of padded sequences: of one group of inputs, or of several by name; `None` if there are none."""


def build_and_apply(
    spec: ModelSpec, *inputs: "Tensor", lengths: Lengths = None, groups: "Sequence[InputGroup]" = ()
) -> "tuple[nn.Module, Any]":
    """Build a module for these inputs and apply it. Returns the module, in training mode, and its outputs.

    A container passes the `groups` that its `build` receives on to those layers that get its inputs unchanged.

    The outputs are a tensor, or several by name. The module is applied in evaluation mode: it draws no random numbers
    and changes neither running statistics nor parameters, so the model has the same parameters as a hand-written one.

    Raises:
        MismatchError: if the module cannot be built for, or applied to, inputs of this number, shape and dtype.

    """
    import torch

    name = type(spec).__name__
    _refuse_wrong_number(spec, inputs)
    if not all(isinstance(tensor, torch.Tensor) for tensor in inputs):
        raise MismatchError(
            f"{name} takes one tensor but receives several outputs: the layer with several outputs must come last.",
            id="unfit-shape",
        )
    try:
        takes_groups = "groups" in signature(spec.build).parameters
        module = (spec.build(*inputs, groups=groups) if takes_groups else spec.build(*inputs)).eval()
        with torch.no_grad(), unchanged_embeddings(module):
            outputs = apply_module(module, *inputs, lengths=lengths)
    except OptionError as error:
        raise MismatchError(str(error), error.path, id=error.diagnostic.id) from error
    except (RuntimeError, ValueError, IndexError, TypeError, AssertionError, MemoryError) as error:
        if is_out_of_memory(error):
            raise MismatchError(f"{name} needs more memory than there is, for its parameters or outputs.") from error
        # torch may append a location in its C++ code.
        message = str(error).partition("Exception raised from")[0]
        reason = " ".join(message.split()).rstrip(".")
        raise MismatchError(f"{name} cannot take {_shown(inputs)}. {reason}.", id="unfit-shape") from error
    return module.train(), outputs


def apply_module(module: "nn.Module", *inputs: "Tensor", lengths: Lengths = None) -> Any:
    """The outputs of a module for these inputs. A module with a true attribute `takes_lengths` also gets the lengths.

    `lengths`, of shape `(N,)`, has the number of steps without padding of each row of sequences `(N, L, …)`. `None`
    means that no row is padded. If there are several groups of inputs, it is a mapping by the name of the group. A
    module with a true attribute `takes_lengths_by_group` gets the mapping, and any other the lengths of the first group
    that has some.
    """
    if getattr(module, "takes_lengths", False):
        if isinstance(lengths, Mapping) and not getattr(module, "takes_lengths_by_group", False):
            lengths = next(iter(lengths.values()), None)
        return module(*inputs, lengths=lengths)
    return module(*inputs)


@contextmanager
def unchanged_embeddings(module: "nn.Module") -> Iterator[None]:
    """Disable `max_norm` inside the context: with it, embeddings change their parameters whenever they are applied."""
    limits = {part: part.max_norm for part in module.modules() if getattr(part, "max_norm", None) is not None}
    for part in limits:
        part.max_norm = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for part, limit in limits.items():
            part.max_norm = limit


def _refuse_wrong_number(spec: ModelSpec, inputs: "tuple[Tensor, ...]") -> None:
    """Raise a `MismatchError` if `build` does not take this number of inputs."""
    arguments = signature(spec.build)
    try:
        arguments.bind(*inputs)
    except TypeError:
        taken = [argument for argument in arguments.parameters.values() if argument.name != "groups"]
        most, least = len(taken), sum(argument.default is Parameter.empty for argument in taken)
        takes = f"{least} to {counted(most, 'input')}" if least < most else counted(most, "input")
        raise MismatchError(
            f"{type(spec).__name__} takes {takes}, but receives {len(inputs)}.", id="unfit-shape"
        ) from None


def _shown(inputs: "tuple[Tensor, ...]") -> str:
    """The shapes of one row of the inputs, and their dtypes unless they are floating-point."""
    shown = [
        f"{tuple(tensor.shape[1:])}"
        + ("" if tensor.is_floating_point() else f" and type {str(tensor.dtype).removeprefix('torch.')}")
        for tensor in inputs
    ]
    return f"an input of shape {shown[0]}" if len(shown) == 1 else f"inputs of shapes {', '.join(shown)}"
