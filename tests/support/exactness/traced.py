"""The matrix once more, with every step traced that can be, by each runner: equal to the steps of the layers."""

import json

import pytest
import tracing

from exactness.cells import trained
from exactness.matrix import Spoiling, chosen_from_all, spec
from exactness.result import Result

UNTRACED = ("mixup", "guard")
"""The settings in which a plugin implements `forward` or `loss`, so that no step is traced."""


def cells(configuration, result, positions=None):
    """Train by the layers, then by traces: at once, with checkpoints, and continued from each position."""
    made, plugins = spec(*configuration), [Spoiling()] if configuration[-1] == "guard" else []
    name = ", ".join(map(str, configuration))
    with pytest.MonkeyPatch.context() as patch:
        tracing.trace_nothing(patch)
        whole = trained(made, plugins)
    for runner in tracing.RUNNERS:
        with pytest.MonkeyPatch.context() as patch:
            tracing.trace_everything(patch, runner)
            others = {
                "at once": trained(made, plugins, keeps=False),
                "with checkpoints": trained(made, plugins),
                **{
                    f"from position {position}": trained(made, plugins, checkpoint)
                    for position, checkpoint in enumerate(whole.kept[:-1])
                    if positions is None or position in positions
                },
            }
        for case, other in others.items():
            result.add(f"{name}, {runner}, {case}", _problem(whole, other), **{"traced steps": other.traced})
        is_traced = all(others[case].traced for case in ("at once", "with checkpoints"))
        if is_traced == (configuration[-1] in UNTRACED):
            result.failures.append(f"{name}, {runner}: {'a step' if is_traced else 'no step'} was traced")


def _problem(whole, other):
    if other.digest != whole.digest:
        return "differs"
    # One that is continued keeps at most the last checkpoint.
    pairs = zip(reversed(whole.kept), reversed(other.kept), strict=False)
    return None if all(_content(one) == _content(its) for one, its in pairs) else "another checkpoint"


def _content(checkpoint):
    """What a checkpoint contains, except for the time."""
    text, tensors = checkpoint
    state = json.loads(text)
    _forget_time(state)
    return state, tensors


def _forget_time(part):
    if isinstance(part, dict):
        part.pop("seconds", None)
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _forget_time(one)


def prove(count=None, positions=None, seed=0):
    """Try a number of configurations, drawn from all, or all of them."""
    result = Result("traced")
    for configuration in chosen_from_all(count, seed):
        cells(configuration, result, positions)
    return result
