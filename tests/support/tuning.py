"""A spec with a search space, whose trials take no time."""

from small_training import SPECS

import hookline

RANGE = {"low": 0.001, "high": 0.1, "log": True}
SPACE = {
    "optimizer": [
        {"type": "SGD", "lr": {**RANGE, "high": 1.0}, "momentum": {"choices": [0.0, 0.9]}},
        {"type": "Adam", "lr": RANGE},
    ],
    "data.batch_size": [32, 64],
}


def tuned(space=SPACE, *, epochs=2, sections=None, **tuner):
    """A spec with this tuner, on real data."""
    return hookline.load(
        {
            "run": {"epochs": epochs, "name": "tuned", "evaluate_training": False},
            "data": {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species"}
            | {"standardize": True, "validation": 0.2, "batch_size": 64},
            "model": {"type": "Linear", "out_features": 3},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "Adam", "lr": 0.01},
            "metrics": [{"type": "Accuracy"}],
            "tune": {"type": "RandomSearch", "trials": 4, "baseline": False, "space": space, **tuner},
            **(sections or {}),
        }
    )
