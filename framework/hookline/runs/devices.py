"""The device and the floating-point type of a run, and what makes it reproducible. No other module handles devices."""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hookline.errors.exceptions import MisfitError

if TYPE_CHECKING:
    import torch


def select(name: str, dtype: str = "float32") -> "torch.device":
    """The device with this name; `auto` is the accelerator if there is one, or else the CPU.

    Raises:
        MisfitError: if there is no such device, or if it cannot compute in this type.

    """
    device = _select(name)
    if dtype == "float64" and device.type == "mps":
        raise MisfitError('"mps" cannot compute in float64: set `device = "cpu"`.', ("run", "dtype"))
    return device


def _select(name: str) -> "torch.device":
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "auto":
        return accelerator or torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise _missing(f'There is no device called "{name}": "auto", "cpu" or "cuda" are.') from None
    if device.type == "cpu" and device.index:
        raise _missing(f'There is no "{name}": there is one CPU, which is called "cpu".')
    if device.type != "cpu" and (accelerator is None or accelerator.type != device.type):
        has = "only a CPU" if accelerator is None else f'"{accelerator.type}"'
        raise _missing(f'This machine has no "{name}". It has {has}.')
    if device.index is not None and device.type != "cpu" and device.index >= torch.accelerator.device_count():
        raise _missing(f'There is no "{name}": {torch.accelerator.device_count()} are here.')
    return device


def _missing(message: str) -> MisfitError:
    return MisfitError(message, ("run", "device"))


@contextmanager
def default_dtype(dtype: "torch.dtype") -> Iterator[None]:
    """Layers, losses and metrics that are created inside have this type; the default type is restored at the end."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def reproducible(device: "torch.device", dtype: "torch.dtype") -> Iterator[None]:
    """Reproducible random numbers and algorithms, and a default type; those of the caller are restored at the end.

    On a CPU torch is reproducible by default. On an accelerator it is set to prefer deterministic algorithms.
    """
    import torch

    with _forked_torch_generators(device), default_dtype(dtype):
        if device.type == "cpu":
            yield
            return
        # Without it cuBLAS is not deterministic; it is read when the device is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        mode = torch.get_deterministic_debug_mode()
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        try:
            yield
        finally:
            torch.set_deterministic_debug_mode(mode)


@contextmanager
def uncompiled() -> Iterator[None]:
    """Inside the context whatever `torch.compile` has wrapped runs uncompiled.

    The preflight must compile nothing: its two rows would be compiled first, and torch would then compile the batches
    of the training for any number of rows, with other bits than a loop without a preflight. Hooks on layers cannot be
    compiled either.
    """
    if "torch._dynamo.eval_frame" not in sys.modules:  # Nothing has been compiled, and importing it takes a second.
        yield
        return
    import torch

    with torch.compiler.set_stance("force_eager"):
        yield


@contextmanager
def forked_generators(device: "torch.device") -> Iterator[None]:
    """Restore the state of all global random generators at the end: torch, NumPy and `random`."""
    import numpy

    of_python, of_numpy = random.getstate(), numpy.random.get_state()
    try:
        with _forked_torch_generators(device):
            yield
    finally:
        random.setstate(of_python)
        numpy.random.set_state(of_numpy)


@contextmanager
def _forked_torch_generators(device: "torch.device") -> Iterator[None]:
    """Restore the state of torch's random generators at the end."""
    import torch

    if device.type in ("cpu", "meta"):
        with torch.random.fork_rng(devices=[]):
            yield
    else:
        index = device.index if device.index is not None else torch.accelerator.current_device_index()
        with torch.random.fork_rng(devices=[index], device_type=device.type):
            yield
