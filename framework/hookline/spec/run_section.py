"""The section `[run]` of a spec: how the training runs."""

import re
from typing import Any, Literal

from attrs import Attribute

from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import shortened
from hookline.spec.options import Spec, option, spec


def _is_a_plain_name(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    # The name becomes a directory, and a spec must not select one elsewhere.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", value):
        raise ValueError(f'"{value}" is not a plain name: use letters, digits, "_", "-" and ".".')


DEVICES = ("auto", "cpu", "cuda", "mps", "xpu", "hpu", "npu", "mtia")
"""torch's device types, and `auto`."""


def _is_a_device(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    name, colon, index = value.partition(":")
    if name not in DEVICES:
        hint = ' Did you mean "cuda"?' if name.lower() == "gpu" else did_you_mean(name, DEVICES)
        raise ValueError(f'There is no device called "{shortened(value)}".{hint}')
    if colon and (name == "auto" or not (index.isascii() and index.isdecimal())):
        raise ValueError(f'"{shortened(value)}" is not a device. An example is "cuda:0".')


@spec
class RunSpec(Spec):
    """The options of a run."""

    name: str = option(default="run", validator=_is_a_plain_name)
    """The name of the run, whose results are written to `runs/<name>/<number>`. Default: the name of the spec file."""
    seed: int = option(default=0, minimum=0, maximum=2**32 - 1)
    """The seed of all random numbers: initial parameters, the order of the rows, dropout."""
    epochs: int = option(default=10, minimum=1)
    """The number of passes over the training data."""
    accumulate: int = option(default=1, minimum=1)
    """The number of parts in which to process each batch, one after another, to save memory. The gradients are those
    of the whole batch, unless a layer such as BatchNorm combines rows."""
    device: str = option(default="auto", validator=_is_a_device)
    """The device to train on: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for the first available accelerator."""
    dtype: Literal["float32", "float64"] = "float32"
    """The floating-point type of inputs, targets, model and loss. Use "float64" for numbers that need more than seven
    digits, such as the coefficients of a regression. It takes twice the memory and is slow on most GPUs."""
    evaluate_training: bool = True
    """Whether to evaluate the trained model on the training rows, too, at the end. This costs one pass over these rows
    without gradients. Without it, the final training loss is the mean during an epoch, while the weights changed."""
    keep_examples: bool = True
    """Whether to keep up to 64 rows of the data in the run directory, with which `hookline deploy` compares deployed
    models. Without them, it reads the original data again."""
