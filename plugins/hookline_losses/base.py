"""The base of the losses of torch: the criterion is torch's class of the same name, with the same options."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import Attribute

from hookline.data import Batch, Data, Outputs
from hookline.errors import OptionError, enumerate_names
from hookline.script import Code, LossLines, cannot_be_written, constructor, literal
from hookline.spec import DividedBy, LossSpec, spec
from hookline_losses.balanced import Balanced, with_balanced
from hookline_losses.weighted_lines import weighted_lines

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import BatchNames, Script


@spec
class TorchLoss(LossSpec):
    """A loss of `torch.nn`. A subclass only has to declare torch's options."""

    reduction: Literal["mean", "sum"] = "mean"
    """Average or add the losses of a batch. (torch's third value, "none", would leave no scalar to minimize.)"""

    def build(self, data: Data) -> "nn.Module":
        """Return `torch.nn.<the name of this class>` with these options; arrays of numbers become tensors."""
        import torch

        tensors = {
            name: torch.tensor(value, dtype=torch.get_default_dtype()) if isinstance(value, tuple) else value
            for name, value in with_balanced(self.arguments(), data, self.ignored_class).items()
        }
        criterion: nn.Module = getattr(torch.nn, type(self).__name__)(**tensors)
        return criterion

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of torch's class."""
        return self.own_options()

    @property
    def divided_by(self) -> DividedBy:
        """The number of rows; nothing if the losses are added."""
        return "nothing" if self.reduction == "sum" else "rows"

    def eject(
        self, script: "Script", criterion: "nn.Module", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "LossLines":
        """Return torch's class with the options that differ from its defaults, and a call of it."""
        divisor = self.ejected_divisor(called, batch)
        loss = self.ejected_call(script, called, outputs, batch)
        if batch.weights is not None:
            if type(self).row_losses is not TorchLoss.row_losses:
                raise cannot_be_written(f"The losses of rows in {type(self).__name__} have no lines of torch.")
            loss = weighted_lines(self, script, loss, batch.weights, divisor)
        is_tensor = divisor not in (None, batch.rows)
        return LossLines(
            build=self.ejected_criterion(script, criterion, is_for_rows=batch.weights is not None),
            loss=loss,
            divisor=divisor,
            is_tensor=is_tensor,
            may_be_zero=is_tensor and (batch.weights is not None or self.may_ignore_all(criterion)),
        )

    def ejected_call(self, script: "Script", called: str, outputs: str, batch: "BatchNames") -> str:
        """Return a call of the criterion, as `compute` does it."""
        names = self.inputs
        given = [outputs] if len(names) == 1 else [f"{outputs}[{literal(name)}]" for name in names]
        return f"{called}({', '.join([*given, *([] if batch.target is None else [batch.target])])})"

    def ejected_criterion(self, script: "Script", criterion: "nn.Module", *, is_for_rows: bool) -> str:
        """Return an expression that builds the criterion, which may return the loss of each row."""
        import torch

        script.use("from torch import nn")
        name, options = type(self).__name__, self.ejected_options(script, criterion)
        if is_for_rows:
            options["reduction"] = "none"
        return constructor(f"nn.{name}", getattr(torch.nn, name), options)

    def ejected_options(self, script: "Script", criterion: "nn.Module") -> dict[str, Any]:
        """Return the arguments of torch's class; buffers of the criterion are written as tensors."""
        import torch

        options = self.arguments()
        for name, value in self.arguments().items():
            tensor = getattr(criterion, name, None)
            if value is not None and isinstance(tensor, torch.Tensor):
                options[name] = Code(script.moved(f"torch.tensor({literal(tensor.tolist())})"))
        return options

    def ejected_divisor(self, called: str, batch: "BatchNames") -> str | None:
        """Return what the loss of a batch is divided by, as code; `None` for a sum."""
        if self.divided_by == "weights":
            raise cannot_be_written(f"The divisor of {type(self).__name__} has no lines of torch.")
        if self.divided_by == "nothing":
            return None
        return batch.rows if batch.weights is None else f"{batch.weights}.sum()"

    def may_ignore_all(self, criterion: "nn.Module") -> bool:
        """Return whether the divisor is 0 for a batch all of whose rows are ignored."""
        return self.ignored_class is not None

    def row_losses(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the losses of the criterion with torch's `reduction="none"`."""
        # The criterion has no other state that depends on it. `vars` avoids the checks of `nn.Module.__setattr__`.
        options = vars(criterion)
        reduction = options["reduction"]
        options["reduction"] = "none"
        try:
            return self.compute(criterion, outputs, batch)
        finally:
            options["reduction"] = reduction


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


def weight_of(batch: Batch, ignored: int | None, weight: "Tensor | None") -> "Tensor | int":
    """Return the total weight of the classes in the targets of a batch, without synchronizing the device.

    Targets of the class `ignored` have none. The weight of a row multiplies that of its class.
    """
    targets = batch.target
    is_counted = None if ignored is None else targets != ignored
    if weight is None and batch.weights is None:
        return targets.numel() if is_counted is None else is_counted.sum()
    counted: Any = 1 if weight is None else weight[targets]
    if is_counted is not None:
        counted = counted * is_counted
    if batch.weights is not None:
        counted = counted * batch.weights.reshape(-1, *[1] * (targets.dim() - 1))
    return counted.sum()


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
