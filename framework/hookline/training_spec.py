"""The root of a spec: its sections, and how the training is run."""

import re
from typing import Any

from attrs import Attribute

from hookline.errors import OptionError, enumerate_names
from hookline.options import Spec, option, spec
from hookline.specs import (
    CallbackSpec,
    DataSpec,
    DeploySpec,
    InitializationSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    OptimizerSpec,
)


def _is_a_plain_name(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    # The name becomes a directory: a spec must not be able to choose one elsewhere.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", value):
        raise ValueError(f'"{value}" is not a plain name: letters, digits, "_", "-" and "." are allowed.')


@spec
class RunSpec(Spec):
    """How the training is run."""

    name: str = option(default="run", validator=_is_a_plain_name)
    """The run is kept in `runs/<name>/<number>`; left out, it is called as the spec file."""
    seed: int = option(default=0, minimum=0, maximum=2**32 - 1)
    """Where all random numbers start: the model's parameters, the order of the rows, dropout."""
    epochs: int = option(default=10, minimum=1)
    """How many times the training data is gone through."""
    accumulate: int = option(default=1, minimum=1)
    """In how many parts each batch is gone through, one after another, for less memory. The gradients are those of the
    whole batch, unless a layer such as BatchNorm looks at several rows together."""
    device: str = "auto"
    """Where it is computed: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for the first accelerator that there is."""


@spec
class TrainingSpec(Spec):
    """A whole spec: what to train, on which data, and what to do with it."""

    plugins: tuple[str, ...] = ()
    """Installed plugins to use, by the names of their entry points."""
    run: RunSpec = RunSpec()
    """How the training is run."""
    data: DataSpec
    """What the model learns from."""
    model: ModelSpec
    """What is trained."""
    initialize: tuple[InitializationSpec, ...] = ()
    """How the parameters of the model begin, where it is not as their layers do it: the first that selects a parameter
    initialises it."""
    loss: LossSpec
    """What is made small."""
    optimizer: OptimizerSpec
    """How it is made small."""
    metrics: tuple[MetricSpec, ...] = ()
    """Numbers that judge the model beside the loss."""
    callbacks: tuple[CallbackSpec, ...] = ()
    """What is done around the stages; the first one listed is the outermost."""
    deploy: tuple[DeploySpec, ...] = ()
    """The forms in which the trained model is handed on."""

    def __attrs_post_init__(self) -> None:
        labels = [metric.label for metric in self.metrics]
        if "loss" in labels:
            raise OptionError("metrics", 'A metric cannot be called "loss": give it another name.')
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise OptionError("metrics", f"Several metrics are called {enumerate_names(twice)}: give each a `name`.")
        for section, listed in (("callbacks", self.callbacks), ("deploy", self.deploy)):
            for index, component in enumerate(listed):
                if component in listed[:index]:
                    name = type(component).__name__
                    raise OptionError(section, f"{name} is listed twice, with the same options.", index)
        if self.run.accumulate > 1:
            try:
                self.loss.check_accumulation()
            except ValueError as error:
                raise OptionError("run", str(error), "accumulate") from None
        for index, callback in enumerate(self.callbacks):
            try:
                callback.check(self)
            except ValueError as error:
                raise OptionError("callbacks", str(error), index) from None
        for index, metric in enumerate(self.metrics):
            try:
                metric.check(self.loss.of_target(metric.target))
            except ValueError as error:
                raise OptionError("metrics", str(error), index) from None
