"""The state of all global random number generators."""

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def state_of_generators(device: "torch.device") -> dict[str, Any]:
    """Return the states of the generators of torch (of the CPU, and of the device of the run), NumPy and `random`."""
    import numpy
    import torch

    state = {"torch": torch.get_rng_state(), "numpy": numpy.random.get_state(legacy=False), "python": random.getstate()}
    if device.type not in ("cpu", "meta"):
        state["device"] = torch.get_device_module(device).get_rng_state(device)
    return state


def load_generators(state: dict[str, Any], device: "torch.device") -> None:
    """Restore states that `state_of_generators` returned. That of another type of device is left out."""
    import numpy
    import torch

    torch.set_rng_state(state["torch"])
    numpy.random.set_state(state["numpy"])
    random.setstate(state["python"])
    if "device" in state and device.type not in ("cpu", "meta"):
        torch.get_device_module(device).set_rng_state(state["device"], device)
