"""A fast training, and plugins that adapt it to a test."""

from pathlib import Path

import hookline

SPECS = Path(__file__).parents[2] / "specs"


def small(*callbacks, epochs=3, **sections):
    """A spec with these callbacks, on real data."""
    return hookline.load(
        {
            "run": {"epochs": epochs, "name": "small"},
            "data": {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species"}
            | {"standardize": True, "validation": 0.2, "batch_size": 64},
            "model": {"type": "Linear", "out_features": 3},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "Adam", "lr": 0.01},
            "metrics": [{"type": "Accuracy"}],
            "callbacks": list(callbacks),
        }
        | sections
    )


class Adding:
    """Adds values to the record of an epoch; its wrapper is inside the callbacks of the spec."""

    def __init__(self, *epochs):
        self.epochs = epochs

    @hookline.hookimpl
    def log(self, run, record):
        return {**record, **self.epochs[run.epoch - 1]}


class Ending:
    """Raises an error in the middle of an epoch."""

    def __init__(self, error, epoch=2):
        self.error, self.epoch = error, epoch

    @hookline.hookimpl
    def evaluate(self, run):
        if run.epoch == self.epoch:
            raise self.error
