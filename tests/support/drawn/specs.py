"""Random specs."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy

from drawn.actions import acting
from drawn.inputs import drawn_inputs
from drawn.shipped import changed
from drawn.targets import drawn_targets
from drawn.trainings import callbacks, optimizer, run


def _shipped(draw):
    """A shipped spec with changes, which has other data than the arrays that are drawn."""
    table = changed(draw)
    made = acting(draw) if draw.random() < 0.3 else None
    return Drawn(table, {}, lambda: [] if made is None else [made()])


@dataclass
class Drawn:
    """A spec and its data."""

    table: dict
    columns: dict
    """The columns of the data."""
    plugins: Callable
    """Makes the plugins."""


def drawn_spec(seed):
    """Draw a spec. It may be one that is refused."""
    if seed % 4 == 3:
        return _shipped(random.Random(seed))  # noqa: S311
    draw, numbers = random.Random(seed), numpy.random.default_rng(seed)  # noqa: S311 - Not for cryptography.
    rows = draw.choice((9, 13, 17, 30, 41))
    columns, layers, source = drawn_inputs(draw, rows, numbers)
    of_targets, targets, last, losses, metrics = drawn_targets(draw, rows, numbers)
    if draw.random() < 0.08:  # The loss or the gradients become infinite.
        large = draw.choice(list(columns.values()))
        factor = draw.choice((1e15, 1e25, 1e38))
        if large.dtype == numpy.float32:
            with numpy.errstate(over="ignore"):
                large[draw.randrange(rows)] *= factor
    columns = {**columns, **of_targets}
    data = {"type": "Arrays", "targets": targets, "batch_size": draw.choice((1, 2, 3, 4, 4, 7, 16)), **source}
    if draw.random() < 0.1:
        columns["weight"] = numbers.uniform(0.1, 2.0, rows).astype("float32")
        data["weight_column"] = "weight"
    options = {
        "drop_last": lambda: True,
        "sampler": lambda: "balanced",
        "shuffle": lambda: False,
        "standardize": lambda: True,
        "test": lambda: 0.2,
        "train_on_validation": lambda: True,
        "validation": lambda: draw.choice((0.2, 0.4)),
    }
    likely = {"validation": 0.75, "test": 0.4}
    for name, value in options.items():
        if draw.random() < likely.get(name, 0.08):
            data[name] = value()
    if not data.get("validation"):
        data.pop("train_on_validation", None)
    if not (data.get("validation") or data.get("test")):
        metrics = []
    if losses.get("loss", {}).get("type") != "CrossEntropyLoss":
        data.pop("sampler", None)
    elif "sampler" in data:
        data.pop("shuffle", None)
    if isinstance(layers, dict):
        model = {"type": "Sequential", "layers": [layers, *last]}
        if len(last) == 1 and last[0]["type"] == "Linear":
            model = {**layers, "d_out": last[0]["out_features"]}
    else:
        model = {"type": "Sequential", "layers": [*layers, *last]}
    steps = optimizer(draw)
    if '"sparse": true' in json.dumps(model):
        steps = {"type": draw.choice(("SGD", "SparseAdam", "Adagrad")), "lr": 0.01}
    table = {"run": run(draw), "data": data, "model": model, **losses, "optimizer": steps}
    if metrics:
        table["metrics"] = metrics
    if made := callbacks(draw):
        table["callbacks"] = made
    made = acting(draw) if draw.random() < 0.3 else None
    return Drawn(table, columns, lambda: [] if made is None else [made()])
