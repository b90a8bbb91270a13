"""Where a run is computed, and what makes it repeat there. No other module knows of devices."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hookline.errors import MisfitError

if TYPE_CHECKING:
    import torch


def select(name: str) -> "torch.device":
    """The device of this name, `auto` being the accelerator that there is, or else the CPU.

    Raises:
        MisfitError: if there is no such device.

    """
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
def reproducible(device: "torch.device") -> Iterator[None]:
    """Random numbers and algorithms that repeat, and the caller's own left as they were.

    On a CPU torch repeats by itself. Accelerators are told to choose algorithms that do.
    """
    import torch

    with forked_generators(device):
        if device.type == "cpu":
            yield
            return
        # Without it cuBLAS does not repeat; it is read when the device is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        mode = torch.get_deterministic_debug_mode()
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        try:
            yield
        finally:
            torch.set_deterministic_debug_mode(mode)


@contextmanager
def uncompiled() -> Iterator[None]:
    """Whatever `torch.compile` has been asked to compile is run as it is written.

    A rehearsal must compile nothing: its two rows would be compiled first, after which torch compiles the batches of
    the training for any number of rows, with other bits than a loop without a rehearsal. Hooks that look at layers
    cannot be compiled either.
    """
    if "torch._dynamo.eval_frame" not in sys.modules:  # Nothing has been compiled, and importing it takes a second.
        yield
        return
    import torch

    with torch.compiler.set_stance("force_eager"):
        yield


@contextmanager
def forked_generators(device: "torch.device") -> Iterator[None]:
    """The state of torch's random generators is put back at the end."""
    import torch

    if device.type in ("cpu", "meta"):
        with torch.random.fork_rng(devices=[]):
            yield
    else:
        index = device.index if device.index is not None else torch.accelerator.current_device_index()
        with torch.random.fork_rng(devices=[index], device_type=device.type):
            yield
