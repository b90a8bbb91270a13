"""Specs that are shipped, shortened, with other optimizers, callbacks and options of the run."""

import functools
from pathlib import Path

import tomli

from drawn.trainings import callbacks, optimizer, run

SPECS = Path(__file__).parents[3] / "specs"
LEFT_OUT = ("deploy", "tune", "initialize_from")
NOT_TRAINED = frozenset({"LossPlot", "MLflow", "Profile", "Progress", "TensorBoard", "Timing", "WeightsAndBiases"})
"""The names of specs that write to other places, or depend on time."""


@functools.cache
def shipped():
    """The specs that are no studies."""
    found = {}
    for path in sorted(SPECS.rglob("*.toml")):
        table = tomli.loads(path.read_text())
        if "tune" not in table and path.stem not in NOT_TRAINED:
            found[str(path.relative_to(SPECS))] = (path.parent, table)
    return found


def changed(draw):
    """Return a shipped spec with random changes."""
    parent, table = shipped()[draw.choice(list(shipped()))]
    table = {name: section for name, section in _absolute(table, parent).items() if name not in LEFT_OUT}
    steps = {} if draw.random() < 0.7 else {"optimizer": optimizer(draw)}
    kept = draw.random() < 0.5
    others = [] if kept and "callbacks" in table else callbacks(draw)
    options = run(draw)
    options["epochs"] = draw.randint(1, 2)
    options["max_steps"] = draw.randint(5, 30)
    made = {**table, "run": {**table.get("run", {}), **options}, **steps}
    return {**made, "callbacks": others} if others else made


def _absolute(part, parent):
    """The same with absolute paths to files that exist."""
    if isinstance(part, dict):
        return {name: _absolute(one, parent) for name, one in part.items()}
    if isinstance(part, list):
        return [_absolute(one, parent) for one in part]
    return str(parent / part) if isinstance(part, str) and "/" in part and (parent / part).exists() else part
