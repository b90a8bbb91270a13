"""Small trainings for a component: which data, model and loss go with those of each family.

They are tried one after another until one fits: what a loss takes, or a layer, is known to it and to nobody else.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from hookline.plugins.catalog import Catalog
from hookline.spec.families.components import (
    DataSpec,
    DeploySpec,
    DistanceSpec,
    InitializationSpec,
    LayerSpec,
    ModelSpec,
    WrapperSpec,
)
from hookline.spec.families.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.options import Spec
from hookline.spec.training import RunSpec, TrainingSpec
from hookline.testing.synthetic import CLASSES, Synthetic, Targets

TARGETS: tuple[Targets, ...] = ("numbers", "classes", "binary", "signs", "labels", "distribution", "none")
LAST = (None, "Sigmoid", "LogSoftmax", "Softmax")
"""What may come last in a model: most losses take raw scores, some probabilities or their logarithms."""

SHAPES = ((6,), (4, 6), (4, 6, 6), (4, 6, 6, 6))
"""The shapes of a row: numbers, series, images and volumes."""


def candidates(component: Spec, catalog: Catalog) -> "Iterator[Callable[[], TrainingSpec]]":
    """What makes trainings that use the component, of which one may fit; nothing, if its family is not known here.

    To make one raises a `ValueError` if its parts do not go together.
    """
    make = _Maker(catalog)
    if isinstance(component, LossSpec):
        groups = component.inputs if len(component.inputs) > 1 else ("input",)
        for targets, outputs, last in product(TARGETS, (1, CLASSES), LAST):
            made = Synthetic(groups=groups, targets=targets)
            yield partial(make.training, data=made, model=make.model(outputs, last), loss=component)
    elif isinstance(component, OptimizerSpec):
        yield partial(make.training, optimizer=component)
    elif isinstance(component, ModelSpec):
        for data, loss, outputs in make.inputs():
            yield partial(make.training, data=data, loss=loss, model=make.model(outputs, first=component))
            yield partial(make.training, data=data, loss=loss, model=component)
    elif isinstance(component, DataSpec):
        for loss, outputs in make.losses():
            yield partial(make.training, data=component, loss=loss, model=make.model(outputs))
    elif isinstance(component, DistanceSpec):
        triplets = Synthetic(groups=("anchor", "positive", "negative"), targets="none")
        loss = make.named(LossSpec, "TripletMarginWithDistanceLoss", distance_function=component)
        yield partial(make.training, data=triplets, loss=loss)
    elif (section := _section(component)) is not None:
        for data, loss, model in make.tasks():
            yield partial(make.training, data=data, loss=loss, model=model, **{section: (component,)})


def _section(component: Spec) -> str | None:
    """The section of a spec that lists components of this family."""
    families = {
        MetricSpec: "metrics",
        WrapperSpec: "callbacks",
        InitializationSpec: "initialize",
        DeploySpec: "deploy",
    }
    return next((section for family, section in families.items() if isinstance(component, family)), None)


class _Maker:
    """Makes specs of built-in components, by their names."""

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def named(self, family: type[Spec], name: str, **options: Any) -> Any:
        """A component."""
        return self._catalog.find(family, name)(**options)

    def model(self, outputs: int, last: str | None = None, first: ModelSpec | None = None) -> ModelSpec:
        """A model with so many outputs."""
        end = [] if last is None else [self.named(LayerSpec, last, **({} if last == "Sigmoid" else {"dim": 1}))]
        if first is not None:
            begin = [first, self.named(LayerSpec, "Flatten")]
        else:
            hidden = self.named(LayerSpec, "Linear", out_features=8)
            begin = [self.named(LayerSpec, "Flatten"), hidden, self.named(LayerSpec, "Tanh")]
        linear = self.named(LayerSpec, "Linear", out_features=outputs)
        return self.named(ModelSpec, "Sequential", layers=(*begin, linear, *end))

    def training(self, **sections: Any) -> TrainingSpec:
        """A training of two epochs, with these sections instead of the usual ones."""
        usual: dict[str, Any] = {
            "run": RunSpec(name="kit", epochs=2, device="cpu"),
            "data": Synthetic(),
            "model": self.model(1),
            "loss": self.named(LossSpec, "MSELoss"),
            "optimizer": self.named(OptimizerSpec, "SGD", lr=0.01),
        }
        return TrainingSpec(**{**usual, **sections})

    def inputs(self) -> Iterator[tuple[DataSpec, LossSpec, int]]:
        """Data with inputs of each kind, with losses that take their targets."""
        for shape, integers in [*((shape, False) for shape in SHAPES), (SHAPES[0], True)]:
            yield Synthetic(shape=shape, integers=integers), self.named(LossSpec, "MSELoss"), 1
            classes = Synthetic(shape=shape, integers=integers, targets="classes")
            yield classes, self.named(LossSpec, "CrossEntropyLoss"), CLASSES

    def losses(self) -> Iterator[tuple[LossSpec, int]]:
        """Losses, with the number of outputs that they take."""
        yield self.named(LossSpec, "MSELoss"), 1
        yield self.named(LossSpec, "CrossEntropyLoss"), CLASSES
        yield self.named(LossSpec, "BCEWithLogitsLoss"), 1

    def tasks(self) -> Iterator[tuple[DataSpec, LossSpec, ModelSpec]]:
        """Data of each kind of target, with losses and models that take it; then images, and a model of matrices."""
        kinds: tuple[Targets, ...] = ("numbers", "classes", "binary")
        for shape in (SHAPES[0], SHAPES[2]):
            for (loss, outputs), targets in zip(self.losses(), kinds, strict=True):
                yield Synthetic(shape=shape, targets=targets), loss, self.model(outputs)
            labels = self.named(LossSpec, "BCEWithLogitsLoss")
            yield Synthetic(shape=shape, targets="labels"), labels, self.model(CLASSES)
        matrix = self.named(LayerSpec, "Linear", out_features=1, bias=False)
        yield Synthetic(), self.named(LossSpec, "MSELoss"), self.named(ModelSpec, "Sequential", layers=(matrix,))
