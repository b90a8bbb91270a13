"""The device and dtype of a run, and its reproducibility. No other module handles devices."""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from hookline.errors.exceptions import MismatchError
from hookline.errors.text import counted

if TYPE_CHECKING:
    import torch


def select(name: str, dtype: str = "float32") -> "torch.device":
    """The device with this name; `auto` is the accelerator if there is one, otherwise the CPU.

    Raises:
        MismatchError: if the device does not exist or does not support the dtype.

    """
    device = _select(name)
    if dtype == "float64" and device.type == "mps":
        raise MismatchError('"mps" does not support float64: set `device = "cpu"`.', ("run", "dtype"))
    return device


def existing(name: str, dtype: str = "float32") -> str:
    """The same name if the machine has the device; otherwise "auto", or "cpu" if that does not support the dtype."""
    for other in (name, "auto"):
        with suppress(MismatchError):
            select(other, dtype)
            return other
    return "cpu"


def _select(name: str) -> "torch.device":
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "auto":
        return accelerator or torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise _missing(f'There is no device called "{name}". Use "auto", "cpu" or "cuda".') from None
    if device.type == "cpu" and device.index:
        raise _missing(f'There is no device "{name}": the only CPU is "cpu".')
    if device.type != "cpu" and (accelerator is None or accelerator.type != device.type):
        has = "a CPU" if accelerator is None else f'"{accelerator.type}"'
        raise _missing(f'This machine has no "{name}", only {has}.')
    if device.index is not None and device.type != "cpu" and device.index >= torch.accelerator.device_count():
        count = counted(torch.accelerator.device_count(), "accelerator")
        raise _missing(f'There is no device "{name}": this machine has {count}.')
    return device


def _missing(message: str) -> MismatchError:
    return MismatchError(message, ("run", "device"))


@contextmanager
def default_dtype(dtype: "torch.dtype") -> Iterator[None]:
    """Layers, losses and metrics that are created inside have this dtype; the default dtype is restored on exit."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def reproducible(device: "torch.device", dtype: "torch.dtype") -> Iterator[None]:
    """Set reproducible random numbers and algorithms and the default dtype; restore those of the caller on exit.

    torch is reproducible by default on a CPU. On an accelerator, deterministic algorithms are preferred.
    """
    import torch

    if device.type == "cpu":  # Without inner contexts, since a server enters this for each request.
        state, before = torch.get_rng_state(), torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(before)
            torch.set_rng_state(state)
        return
    with _forked_torch_generators(device), default_dtype(dtype):
        # cuBLAS is not deterministic without it; it is read when the device is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        mode = torch.get_deterministic_debug_mode()
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        try:
            yield
        finally:
            torch.set_deterministic_debug_mode(mode)


@contextmanager
def uncompiled() -> Iterator[None]:
    """Run modules and functions that `torch.compile` has wrapped uncompiled inside the context.

    The preflight must not compile anything: torch would first compile for its two rows, and then compile the training
    batches for any number of rows, with other bits than a loop without a preflight. Hooks on layers cannot be compiled
    either.
    """
    if "torch._dynamo.eval_frame" not in sys.modules:  # Nothing is compiled, and importing it takes a second.
        yield
        return
    import torch

    with torch.compiler.set_stance("force_eager"):
        yield


@contextmanager
def forked_generators(device: "torch.device") -> Iterator[None]:
    """Restore the state of all global random number generators on exit: torch, NumPy and `random`."""
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
    """Restore the state of torch's random number generators on exit."""
    import torch

    if device.type in ("cpu", "meta"):
        with torch.random.fork_rng(devices=[]):
            yield
    else:
        index = device.index if device.index is not None else torch.accelerator.current_device_index()
        with torch.random.fork_rng(devices=[index], device_type=device.type):
            yield
