"""Model, loss and metrics for inputs that are not plain columns, and for targets with several numbers per row."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from hookline.spec import as_toml
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.groups import Group
from hookline_data.draft.lines import layers as model_lines
from hookline_data.draft.models import networks
from hookline_data.draft.models.model import LEARNING_RATE, model
from hookline_data.draft.models.networks import Layer, layer, linear

PADDING = -1
"""What fills up sequences of classes."""

IGNORED = (-1, -100)
"""Classes that usually mark steps and pixels without a class."""

MIXED = ("BatchNorm2d", "ReLU", "Flatten", "Transpose", "Unflatten", "LogSoftmax", "MaxPool2d", "AdaptiveAvgPool2d")
"""Layers without parameters, or without a weight that is the scale of the outputs."""


@frozen
class Recipe:
    """The sections from the model to the metrics, for a target with several numbers per row."""

    layers: Sequence[Layer]
    """The layers of the model."""
    loss: Layer
    """The loss."""
    metrics: Sequence[Layer]
    """The metrics."""
    scale: tuple[float, float] | None = None
    """The mean and the standard deviation of the targets, if the model must reach them."""
    comments: Mapping[str, str] = field(factory=dict)
    """Comments, by section."""

    def lines(self) -> Iterator[str]:
        """Yield the sections."""
        yield from model_lines(self.layers)
        last = max(index for index, one in enumerate(self.layers) if one["type"] not in MIXED)
        is_scaled = self.scale is not None and _is_far_from_standard(*self.scale)
        if self.scale is not None and is_scaled:
            yield from ("", "[[initialize]] # near the mean of the target", 'type = "constant_"')
            yield f'parameters = "{last}.bias"'
            yield f"val = {_rounded(self.scale[0])}"
        yield from ("", f"[loss]{self._comment('loss')}", *_options(self.loss))
        yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
        if self.scale is not None and is_scaled:
            yield "# The last layer learns in the unit of the target, which has this standard deviation:"
            lr = _rounded(LEARNING_RATE * self.scale[1])
            yield f'groups = [{{ parameters = "{last}.*", lr = {lr}, weight_decay = 0.0 }}]'
        for metric in self.metrics:
            yield from ("", "[[metrics]]", *_options(metric))

    def _comment(self, section: str) -> str:
        return f" # {self.comments[section]}" if section in self.comments else ""


def _options(table: Layer) -> list[str]:
    return [f"{name} = {as_toml(value)}" for name, value in table.items()]


def _is_far_from_standard(mean: float, deviation: float) -> bool:
    return not 0.2 <= deviation <= 5 or abs(mean) > 2 * deviation


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def recipe(draft: Drafted, groups: Sequence[Group], *, is_table: bool) -> Iterator[str]:
    """Return the sections from the model to the metrics."""
    target = draft.target
    if target.is_scalar and (draft.task == "classes" or is_table):
        if len(groups) == 1 and groups[0].role in ("vector", "columns"):
            return model(draft)
        return model(evolve(draft, network=lambda outputs: [*_features(groups, draft.rows), linear(outputs)]))
    made = _numbers(draft, groups, 1) if target.is_scalar else _dense(draft, groups, is_table=is_table)
    return made.lines()


def _features(groups: Sequence[Group], rows: int) -> list[Layer]:
    """Return the layers up to the last one, for one or several groups of inputs."""
    if len(groups) > 1:
        branches = {group.name: group.features(rows) for group in groups}
        return [layer("Branches", branches=branches), *networks.perceptron(rows)]
    [group] = groups
    hidden = networks.perceptron(rows) if group.role in ("vector", "other", "columns") else []
    return [*group.features(rows), *hidden]


def _dense(draft: Drafted, groups: Sequence[Group], *, is_table: bool) -> Recipe:
    """Return the recipe for lists as targets, which has the shape of the inputs if it can."""
    shape, group = draft.target.shape, groups[0]
    is_alone = len(groups) == 1
    if is_alone and group.role == "image" and group.image_shape[1:] == shape[-2:] and len(shape) in (2, 3):
        return _pixels(draft, group)
    if is_alone and group.role in ("sequence", "tokens"):
        is_longer = len(shape) == 1 and PADDING in draft.target.values and shape[0] != group.column.shape[0]
        if draft.task == "classes" and group.role == "sequence" and is_longer:
            return _alignment(draft, group)
        if shape[0] == group.column.shape[0] and (len(shape) == 1 or draft.task == "number"):
            return _steps(draft, group)
    are_labels = draft.target.values == (0, 1) and len(shape) == 1
    if are_labels and not is_table:
        return _labels(draft, groups)
    if draft.task == "classes" and (draft.is_chosen or are_labels):  # A table has a column for each label.
        return _classes(draft, groups)
    return _numbers(draft, groups, math.prod(shape))


def _pixels(draft: Drafted, group: Group) -> Recipe:
    """A class or a number for each pixel."""
    shape, classes = draft.target.shape, len(draft.target.values)
    prepared = group.prepared()
    if draft.task == "classes" and len(shape) == 2:
        loss, metrics = layer("CrossEntropyLoss", **_ignored(draft)), (layer("Accuracy"), layer("JaccardIndex"))
        return Recipe(
            [*prepared, *networks.dense_image(classes)], loss, metrics, comments={"loss": "a score per class and pixel"}
        )
    channels = 1 if len(shape) == 2 else shape[0]
    ending = [layer("Flatten", start_dim=1, end_dim=2)] if len(shape) == 2 else []
    layers = [*prepared, *networks.dense_image(channels), *ending]
    return Recipe(layers, layer("MSELoss"), [layer("MeanAbsoluteError")], _scale(draft))


def _steps(draft: Drafted, group: Group) -> Recipe:
    """A class or numbers for each step."""
    column, shape = group.column, draft.target.shape
    begin = networks.embedding(int(column.high) + 1) if group.role == "tokens" else group.prepared()
    if draft.task == "classes":
        layers = [*begin, *networks.steps(len(draft.target.values)), layer("Transpose")]
        metrics = [layer("Accuracy"), layer("F1Score", average="macro")]
        comments = {"loss": "a score per class and step: Transpose puts the classes first"}
        return Recipe(layers, layer("CrossEntropyLoss", **_ignored(draft)), metrics, comments=comments)
    ending = [layer("Flatten")] if len(shape) == 1 else []
    layers = [*begin, *networks.steps(1 if len(shape) == 1 else shape[1]), *ending]
    return Recipe(layers, layer("MSELoss"), [layer("MeanAbsoluteError")], _scale(draft))


def _alignment(draft: Drafted, group: Group) -> Recipe:
    """A sequence of classes that is shorter than the inputs, without alignment."""
    classes = max(draft.target.values) + 1
    layers = [*group.prepared(), *networks.steps(classes + 1), layer("LogSoftmax", dim=2)]
    metrics = [layer("SequenceAccuracy"), layer("SymbolErrorRate")]
    comments = {"loss": "finds by itself which steps belong to which symbol; the last class is the blank"}
    return Recipe(layers, layer("CTCLoss", blank=classes), metrics, comments=comments)


def _labels(draft: Drafted, groups: Sequence[Group]) -> Recipe:
    """Several labels, each 0 or 1."""
    layers = [*_features(groups, draft.rows), linear(draft.target.shape[0])]
    comments = {"loss": "one output per label; any number of them can be 1"}
    return Recipe(layers, layer("BCEWithLogitsLoss"), [layer("Accuracy"), layer("AUROC")], comments=comments)


def _classes(draft: Drafted, groups: Sequence[Group]) -> Recipe:
    """A class for each element of a target that has another shape than the inputs."""
    shape, classes = draft.target.shape, len(draft.target.values)
    layers = [
        *_features(groups, draft.rows),
        linear(classes * math.prod(shape)),
        layer("Unflatten", dim=1, unflattened_size=[classes, *shape]),
    ]
    return Recipe(layers, layer("CrossEntropyLoss", **_ignored(draft)), [layer("Accuracy")])


def _numbers(draft: Drafted, groups: Sequence[Group], size: int) -> Recipe:
    """Numbers of a target that has another shape than the inputs."""
    shape = draft.target.shape
    ending = [layer("Unflatten", dim=1, unflattened_size=list(shape))] if len(shape) > 1 else []
    layers = [*_features(groups, draft.rows), linear(size), *ending]
    if len(shape) > 1:
        return Recipe(layers, layer("MSELoss"), [layer("MeanAbsoluteError")], _scale(draft))
    loss = layer("HuberLoss", delta=_rounded(draft.target.deviation))
    comments = {"loss": "quadratic for errors up to one standard deviation of the target, linear above"}
    return Recipe(layers, loss, [layer("R2Score"), layer("MeanAbsoluteError")], _scale(draft), comments)


def _scale(draft: Drafted) -> tuple[float, float]:
    return draft.target.mean, draft.target.deviation


def _ignored(draft: Drafted) -> dict[str, Any]:
    """Return the option that ignores a class such as -1, by its index among the sorted classes."""
    marked = [index for index, value in enumerate(draft.target.values) if value in IGNORED]
    return {"ignore_index": marked[0]} if len(marked) == 1 else {}
