"""Checks that several losses share: of shapes, and of indices of classes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import Attribute

from hookline.data import Data, Outputs
from hookline.errors import OptionError, enumerate_names
from hookline_losses.balanced import Balanced

if TYPE_CHECKING:
    from torch import Tensor


def one_output(name: str, outputs: Outputs) -> "Tensor":
    """Return the model's output. Raise a `ValueError` if there are several."""
    if isinstance(outputs, Mapping):
        raise ValueError(f"{name} takes one output of the model, which returns {enumerate_names(outputs)}.")
    return outputs


def check_score_for_each_class(
    name: str,
    outputs: Outputs,
    weight: tuple[float, ...] | Balanced | None,
    data: Data,
    elements: tuple[int, ...] = (),
) -> None:
    """Raise a `ValueError` if outputs are not one score per class, or if the number of weights differs.

    `elements` is the shape of a row of a dense target, each of whose elements has scores: `(N, C, *elements)`.
    """
    outputs = one_output(name, outputs)
    column, classes = ", ".join(data.target.columns), len(data.target.classes or ())
    if elements:
        _check_dense(name, outputs, column, classes, elements)
    elif outputs.dim() != 2 or outputs.shape[1] != classes:
        raise ValueError(
            f'{name} takes one score per class: "{column}" has {classes} classes, but the outputs of the model have '
            f"shape {tuple(outputs.shape[1:])} for each row."
        )
    if weight is None or weight == "balanced":
        return
    if len(weight) != classes:
        raise OptionError("weight", f'"{column}" has {classes} classes, but `weight` has {len(weight)} numbers.')
    if not any(weight):
        raise OptionError("weight", "At least one number of `weight` must be greater than 0.")


def _check_dense(name: str, outputs: "Tensor", column: str, classes: int, elements: tuple[int, ...]) -> None:
    """Raise a `ValueError` if outputs are not one score per class and element."""
    found, wanted = tuple(outputs.shape[1:]), (classes, *elements)
    if found == wanted:
        return
    hint = ""
    if found == (*elements, classes):
        swap = "Transpose" if len(elements) == 1 else "a convolution"
        hint = f" The classes must come first: end the model with {swap}."
    raise ValueError(
        f'{name} takes one score per class and element: "{column}" has {classes} classes and rows of the shape '
        f"{elements}, so the outputs of the model must have the shape {wanted} for each row, not {found}.{hint}"
    )


def refuse_dense(name: str, target: "Tensor", data: Data) -> None:
    """Raise a `ValueError` if rows have several classes, such as one per pixel."""
    if target.dim() > 1:
        raise ValueError(
            f'{name} takes one class per row, but "{", ".join(data.target.columns)}" has rows of the shape '
            f"{tuple(target.shape[1:])}: use CrossEntropyLoss."
        )


def refuse_negative_index(instance: object, attribute: "Attribute[object]", index: int | None) -> None:
    """Raise a `ValueError` for a negative class index, which torch uses to mark rows without a class."""
    if index is not None and index < 0:
        raise ValueError(
            f"{index} is not a class index: classes are sorted and counted from 0. Remove the option to ignore no "
            f"class. To ignore a class with the name {index}, set its position in sorted order, which is usually 0."
        )


def check_ignored_class(index: int | None, classes: int) -> None:
    """Raise an `OptionError` if there is no class with the index."""
    if index is not None and index >= classes:
        message = f"There are {classes} classes, counted from 0 in sorted order, so there is no class {index}."
        raise OptionError("ignore_index", message)


def doubt_marks(ignored: int | None, data: Data, *, has_option: bool = True) -> Iterator[str]:
    """Warn about a class that may mark rows without a class: -100, or -1 if the other classes count from 0.

    `has_option` says whether the loss has the option `ignore_index`.
    """
    classes = list(map(str, data.target.classes or ()))
    counted_from_0 = ["-1", *map(str, range(len(classes) - 1))]
    for mark, is_likely in (("-100", True), ("-1", len(classes) > 2 and sorted(classes) == sorted(counted_from_0))):
        if is_likely and mark in classes and classes.index(mark) != ignored:
            remedy = f"set `ignore_index = {classes.index(mark)}`, which is its index"
            if not has_option:
                remedy = "use CrossEntropyLoss with `ignore_index`, or remove these rows"
            yield (
                f'The class {mark} of "{", ".join(data.target.columns)}" is trained like any other. If it marks rows '
                f"without a class, {remedy}."
            )


def check_same_shape(name: str, outputs: Outputs, targets: "Tensor", data: Data) -> None:
    """Raise a `ValueError` if outputs and targets differ in shape: torch would broadcast them with only a warning."""
    outputs = one_output(name, outputs)
    if outputs.shape != targets.shape:
        wanted = targets.shape[1] if targets.dim() == 2 else tuple(targets.shape[1:])
        columns = ", ".join(data.target.columns)
        raise ValueError(
            f"{name} compares each output with a target: the model must return {wanted} for each row ({columns}), "
            f"but its outputs for a batch of {outputs.shape[0]} rows have shape {tuple(outputs.shape)}."
        )


def several_outputs(
    name: str, outputs: Outputs, wanted: Sequence[str], *, dimensions: int | None = None
) -> "tuple[Tensor, ...]":
    """Return the model's outputs with these names. Raise a `ValueError` if their shapes differ."""
    if not isinstance(outputs, Mapping):
        raise ValueError(f"{name} compares several outputs: name the inputs of the data {enumerate_names(wanted)}.")
    if missing := [argument for argument in wanted if argument not in outputs]:
        raise ValueError(f"{name} takes {enumerate_names(wanted)}, but there is no {enumerate_names(missing, 'or')}.")
    tensors = tuple(one_output(name, outputs[argument]) for argument in wanted)
    shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
    if len(set(shapes)) > 1:
        raise ValueError(f"{name} compares outputs of the same shape, not {', '.join(map(str, shapes))}.")
    if dimensions is not None and tensors[0].dim() != dimensions:
        raise ValueError(f"{name} compares vectors, but the outputs of the model have shape {shapes[0]} for each row.")
    return tensors


def check_log_probabilities(name: str, outputs: "Tensor", of: str) -> None:
    """Raise a `ValueError` if outputs are not log-probabilities along the last dimension."""
    if (outputs > 0).any():
        raise ValueError(
            f"{name} takes log-probabilities, which are never greater than 0: the model must end in LogSoftmax."
        )
    if ((outputs.exp().sum(dim=-1) - 1).abs() > 1e-3).any():
        raise ValueError(
            f"{name} takes log-probabilities, but the probabilities of the {of} do not add up to 1: the model must end "
            f"in LogSoftmax."
        )
