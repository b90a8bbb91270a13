"""Small trainings for a component: data, model and loss that may fit it, by family.

They are tried in turn until one fits, since only the component knows what it accepts.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.data import DataSpec
from hookline.spec.families.deploy import DeploySpec
from hookline.spec.families.distance import DistanceSpec
from hookline.spec.families.initialization import InitializationSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.options import Spec
from hookline.spec.sections.run_section import RunSpec
from hookline.spec.training import TrainingSpec
from hookline.testing.kit_components import (
    KitBinaryCrossEntropy,
    KitCrossEntropy,
    KitGradientDescent,
    KitMatrix,
    KitModel,
    KitSquaredError,
    KitTripletLoss,
    Last,
)
from hookline.testing.synthetic_data import CLASSES, Synthetic, Targets

TARGETS: tuple[Targets, ...] = ("numbers", "classes", "binary", "signs", "labels", "distribution", "none")
LAST: tuple[Last, ...] = (None, "sigmoid", "log_softmax", "softmax")
"""Final activations of a model."""

SHAPES = ((6,), (4, 6), (4, 6, 6), (4, 6, 6, 6))
"""The shapes of a row: numbers, series, images and volumes."""

LOSSES: tuple[tuple[LossSpec, int, Targets], ...] = (
    (KitSquaredError(), 1, "numbers"),
    (KitCrossEntropy(), CLASSES, "classes"),
    (KitBinaryCrossEntropy(), 1, "binary"),
)
"""Losses, each with the number of outputs and the targets that it takes."""


def candidates(component: Spec) -> "Iterator[Callable[[], TrainingSpec]]":
    """Functions that make trainings with the component, one of which may fit; none for unknown families.

    Each function raises a `ValueError` if the parts of its training do not fit together.
    """
    if isinstance(component, LossSpec):
        groups = component.inputs if len(component.inputs) > 1 else ("input",)
        for targets, outputs, last in product(TARGETS, (1, CLASSES), LAST):
            made = Synthetic(groups=groups, targets=targets)
            yield partial(training, data=made, model=KitModel(outputs=outputs, last=last), loss=component)
    elif isinstance(component, OptimizerSpec):
        yield partial(training, optimizer=component)
    elif isinstance(component, ModelSpec):
        for data, loss, outputs in _inputs():
            ways: list[ModelSpec] = [KitModel(first=component, outputs=outputs), component]
            # A layer whose number of outputs follows from the loss is a model by itself.
            is_sized = component.size_option is not None and getattr(component, component.size_option) is None
            for model in reversed(ways) if is_sized else ways:
                yield partial(training, data=data, loss=loss, model=model)
    elif isinstance(component, DataSpec):
        for loss, outputs, _ in LOSSES:
            yield partial(training, data=component, loss=loss, model=KitModel(outputs=outputs))
    elif isinstance(component, DistanceSpec):
        triplets = Synthetic(groups=("anchor", "positive", "negative"), targets="none")
        yield partial(training, data=triplets, loss=KitTripletLoss(distance_function=component))
    elif (section := _section(component)) is not None:
        for data, loss, model in _tasks():
            yield partial(training, data=data, loss=loss, model=model, **{section: (component,)})


def training(**sections: Any) -> TrainingSpec:
    """A training of two epochs; the given sections replace the default ones."""
    default: dict[str, Any] = {
        "run": RunSpec(name="kit", epochs=2, device="cpu"),
        "data": Synthetic(),
        "model": KitModel(),
        "loss": KitSquaredError(),
        "optimizer": KitGradientDescent(),
    }
    return TrainingSpec(**{**default, **sections})


def _section(component: Spec) -> str | None:
    """The section of a spec that lists components of this family."""
    families = {
        MetricSpec: "metrics",
        WrapperSpec: "callbacks",
        InitializationSpec: "initialize",
        DeploySpec: "deploy",
    }
    return next((section for family, section in families.items() if isinstance(component, family)), None)


def _inputs() -> Iterator[tuple[DataSpec, LossSpec, int]]:
    """Inputs of each shape, then indices, each with numbers and with classes as targets."""
    for shape, integers in [*((shape, False) for shape in SHAPES), (SHAPES[0], True)]:
        for loss, outputs, targets in LOSSES[:2]:
            yield Synthetic(shape=shape, integers=integers, targets=targets), loss, outputs


def _tasks() -> Iterator[tuple[DataSpec, LossSpec, ModelSpec]]:
    """Each type of targets with a loss and a model that take it; then images, and a model that is a single matrix."""
    for shape in (SHAPES[0], SHAPES[2]):
        for loss, outputs, targets in LOSSES:
            yield Synthetic(shape=shape, targets=targets), loss, KitModel(outputs=outputs)
        yield Synthetic(shape=shape, targets="labels"), KitBinaryCrossEntropy(), KitModel(outputs=CLASSES)
    yield Synthetic(), KitSquaredError(), KitMatrix()
