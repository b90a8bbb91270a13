"""Everything that a training leaves, so that two of them can be compared with `==`."""

import json
import random
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch

import hookline

OF_TIME = ("seconds", "notes", "traced_steps", "traced_evaluation", "created", "duration")
"""What differs between any two runs in `result.json`."""


class Watching:
    """Keeps the objects of a training, and what it ends with."""

    def __init__(self):
        self.seen, self.run = {}, None

    @hookline.hookimpl(wrapper=True, tryfirst=True)
    def fit(self, run, model, criterion, optimizer):
        self.run = run
        try:
            return (yield)
        finally:
            self.seen = {
                "model": contents(model.state_dict()),
                "criterion": contents(criterion.state_dict()),
                "optimizer": contents(optimizer.state_dict()),
                "gradients": contents([one.grad for group in optimizer.param_groups for one in group["params"]]),
                "trained": [one.requires_grad for group in optimizer.param_groups for one in group["params"]],
                "modes": [module.training for module in model.modules()],
                "loss": contents(run.loss),
                "terms": contents(list(map(list, run.objective.terms(criterion)))),
                "generator": torch.get_rng_state().numpy().tobytes(),
                "generator of NumPy": contents(list(numpy.random.get_state(legacy=True))),
                "generator of Python": random.getstate(),
                "step": run.step,
                "epoch": run.epoch,
            }


def contents(part):
    """The bits of all tensors in a part. All NaNs are equal."""
    if isinstance(part, torch.Tensor):
        if part.layout != torch.strided:
            part = part.coalesce()
            return [contents(part.indices()), contents(part.values()), part.shape]
        values = part.detach()
        if values.is_floating_point():
            values = torch.where(values.isnan(), torch.nan, values)
        return str(part.dtype), tuple(part.shape), values.contiguous().numpy().tobytes()
    if isinstance(part, numpy.ndarray):
        return part.tobytes()
    if isinstance(part, dict):
        return {name: contents(one) for name, one in part.items()}
    if isinstance(part, (list, tuple)):
        return [contents(one) for one in part]
    return repr(part)


@dataclass
class Outcome:
    """What a training leaves."""

    seen: dict
    """Its parts by name."""
    traced: int
    """The number of traced steps."""
    evaluated: int
    """The number of traced batches of evaluations."""
    reasons: list
    """Why others were not traced."""


def outcome(table, columns, plugins=()):
    """Train a spec; return what it leaves, or with an error, what this leaves.

    Raises:
        SpecError: If the spec is refused.

    """
    watching = Watching()
    spec = hookline.load(table, plugins=plugins)
    given = {name: values.copy() for name, values in columns.items()} or None
    seen = {}
    random.seed(0)
    numpy.random.seed(0)
    with tempfile.TemporaryDirectory(prefix="drawn-") as place, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        directory = Path(place) / "run"
        try:
            trial = hookline.train(spec, data=given, plugins=[*plugins, watching], out=directory)
            seen["history"], seen["metrics"] = repr(trial.history), repr(trial.metrics)
            seen["trained model"] = contents(trial.model.state_dict())
        except hookline.HooklineError as error:
            cause = error.__cause__
            seen["error"] = [type(error).__name__, _without(str(error), place), type(cause).__name__]
        seen |= watching.seen
        seen |= dict(_files(directory))
        # torch gives most of its own only once in a process.
        own = [one.message for one in caught if issubclass(one.category, hookline.HooklineWarning)]
        seen["warnings"] = sorted({_without(str(one), place) for one in own})
    run = watching.run
    if run is None:
        return Outcome(seen, 0, 0, [])
    reasons = [*run.traced_steps.reasons, *run.traced_evaluation.reasons]
    return Outcome(seen, run.traced_steps.traced, run.traced_evaluation.traced, reasons)


def _files(directory):
    for path in sorted(directory.rglob("*")) if directory.is_dir() else ():
        name = str(path.relative_to(directory))
        if path.name == "result.json":
            yield name, {key: value for key, value in json.loads(path.read_text()).items() if key not in OF_TIME}
        elif path.suffix in (".jsonl", ".safetensors", ".csv") and "checkpoint" not in name:
            yield name, path.read_bytes()


def _without(text, place):
    return text.replace(place, "")


def differences(one, other):
    """The names of the parts that differ."""
    return [name for name in {**one.seen, **other.seen} if one.seen.get(name) != other.seen.get(name)]
