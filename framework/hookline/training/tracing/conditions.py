"""When the steps of a run may be traced at all."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from operator import call
from typing import Any

from hookline.plugins.stages import Run

TRACED = ("forward", "loss", "backward")
"""The stages of which a trace consists."""

EVALUATED = ("forward", "loss", "predict")
"""The stages of which the trace of an evaluation consists."""

WATCHED = "watched layers"
"""The name under which a run keeps what the traces of its steps watch."""

ALSO_WHILE_TRACING: Any = (False,)
"""The argument of torch's function that returns the hooks of saved tensors: do not ignore them."""


def why_not(run: Run, stages: Sequence[str] = TRACED) -> str | None:
    """Say why none of these stages of the run may be traced; `None` if they may be."""
    if run.spec.run.trace == "off":
        return '`trace` is "off"'
    if run.device.type != "cpu":
        return "only steps on a CPU are traced"
    for stage in stages:
        if (plugin := run.stages.seen_by(stage)) is not None:
            return f'{plugin} implements the stage "{stage}"'
    return None


def settings(*, with_gradients: bool = True) -> tuple[Any, ...] | None:
    """Return the settings of torch that decide which operations run; `None` while something observes operations.

    The answer is `None`, too, if gradients are recorded and `with_gradients` is false, or the other way round.
    """
    is_recording, observing, deciding = _questions()
    if is_recording() != with_gradients or any(map(call, observing)):
        return None
    return tuple(map(call, deciding))


@cache
def _questions() -> "tuple[Callable[[], bool], Sequence[Callable[[], Any]], Sequence[Callable[[], Any]]]":
    """Return the functions that say whether gradients are recorded, what observes operations, and what decides them."""
    import torch

    own: Any = torch._C
    observing = (
        own._len_torch_dispatch_stack,
        own._len_torch_function_stack,
        torch.is_anomaly_enabled,
        partial(torch.is_autocast_enabled, "cpu"),
        torch.is_inference_mode_enabled,
        partial(own._autograd._top_saved_tensors_default_hooks, *ALSO_WHILE_TRACING),
        torch.nn.modules.module._has_any_global_hook,
    )
    deciding = (
        torch.get_default_dtype,
        partial(torch.get_autocast_dtype, "cpu"),
        torch.get_num_threads,
        own._get_deterministic_algorithms,
        own._get_deterministic_algorithms_warn_only,
        own._get_mkldnn_enabled,
        own._get_nnpack_enabled,
        own._get_flash_sdp_enabled,
        own._get_math_sdp_enabled,
        own._get_mem_efficient_sdp_enabled,
        own._get_overrideable_sdp_enabled,
        own._get_sdp_priority_order,
        torch.backends.mha.get_fastpath_enabled,
    )
    return torch.is_grad_enabled, observing, deciding


def settings_of(run: Run, *, with_gradients: bool = True) -> tuple[Any, ...] | None:
    """Return these settings with the objective of the run, which a plugin may replace."""
    of_torch = settings(with_gradients=with_gradients)
    return None if of_torch is None else (run.objective, *of_torch)
