"""When the steps of a run may be traced at all."""

from typing import Any

from hookline.plugins.stages import Run

TRACED = ("forward", "loss", "backward")
"""The stages of which a trace consists."""

ALSO_WHILE_TRACING: Any = (False,)
"""The argument of torch's function that returns the hooks of saved tensors: do not ignore them."""


def why_not(run: Run) -> str | None:
    """Say why no step of the run may be traced; `None` if steps may be."""
    if run.spec.run.trace == "off":
        return '`trace` is "off"'
    if run.device.type != "cpu":
        return "only steps on a CPU are traced"
    for stage in TRACED:
        if (plugin := run.stages.seen_by(stage)) is not None:
            return f'{plugin} implements the stage "{stage}"'
    return None


def settings() -> Any:
    """Return the settings of torch that decide which operations run; `None` while something observes operations."""
    import torch

    hooks: Any = torch._C._autograd._top_saved_tensors_default_hooks(*ALSO_WHILE_TRACING)
    if (
        torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
        or torch.is_anomaly_enabled()
        or torch.is_autocast_enabled("cpu")
        or not torch.is_grad_enabled()
        or hooks
    ):
        return None
    return torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()
