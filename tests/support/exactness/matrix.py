"""Every optimizer with every scheduler, in every setting, interrupted at every position of three epochs."""

import functools
import random
import tempfile
from pathlib import Path

import numpy

import hookline
from exactness.cells import trained
from exactness.result import Result

EPOCHS, STEPS = 3, 2
POSITIONS = EPOCHS * (STEPS + 1) - 1
"""After each step and after the record of each epoch, except for the end; more with validations inside epochs."""

ADAPTIVE = ("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "ASGD")
OPTIMIZERS = {
    **{name: {"type": name, "lr": 0.01} for name in ADAPTIVE},
    "LBFGS": {"type": "LBFGS", "lr": 0.01, "max_iter": 2, "history_size": 2},
    "RMSprop": {"type": "RMSprop", "lr": 0.01, "momentum": 0.5, "centered": True},
    "SGD": {"type": "SGD", "lr": 0.01, "momentum": 0.9, "nesterov": True},
    "Groups": {"type": "SGD", "lr": 0.01, "momentum": 0.5, "groups": [{"parameters": "*.bias", "lr": 0.1}]},
    "AMSGrad": {"type": "AdamW", "lr": 0.01, "amsgrad": True},
    "Muon": {
        "type": "Partition",
        "parts": [
            {"parameters": "*.weight", "layers": ["1", "5"], "optimizer": {"type": "Muon", "lr": 0.01}},
            {"optimizer": {"type": "AdamW", "lr": 0.01}},
        ],
    },
}
SCHEDULERS = {
    "none": None,
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [1, 2]},
    "ConstantLR": {"total_iters": 2},
    "LinearLR": {"total_iters": 2},
    "ExponentialLR": {"gamma": 0.9},
    "ExponentialLR per step": {"type": "ExponentialLR", "gamma": 0.9, "interval": "step"},
    "PolynomialLR": {"total_iters": 3},
    "CosineAnnealingLR": {},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "CyclicLR": {"base_lr": 0.001, "max_lr": 0.1, "step_size_up": 2, "cycle_momentum": False},
    "OneCycleLR": {"max_lr": 0.1, "cycle_momentum": False},
    "ReduceLROnPlateau": {"monitor": "training/loss", "patience": 0, "threshold": 0.9},
    "SequentialLR": {
        "milestones": [1],
        "schedulers": [{"type": "ConstantLR"}, {"type": "ExponentialLR", "gamma": 0.5}],
    },
    "ChainedScheduler": {"schedulers": [{"type": "ConstantLR"}, {"type": "ExponentialLR", "gamma": 0.5}]},
}
SETTINGS = {
    "dropout": [],
    "augmentation": [],
    "average": [{"type": "ExponentialMovingAverage", "decay": 0.8}],
    "swa": [{"type": "StochasticWeightAveraging", "start": 2}],
    "stopping": [{"type": "EarlyStopping", "patience": 1, "monitor": "validation/loss", "min_delta": 0.0}],
    "guard": [{"type": "NaNGuard", "action": "roll_back", "copy_every": 2}],
    "mixup": [{"type": "Mixup", "alpha": 0.4}],
    "validation inside epochs": [{"type": "EarlyStopping", "patience": 4, "restore_best": True}],
}
AUGMENTED = [{"type": "RandomHorizontalFlip"}, {"type": "RandomCrop", "size": 4, "padding": 1}]


class Spoiling:
    """Makes the loss of the fourth step NaN."""

    @hookline.hookimpl(wrapper=True)
    def loss(self, run):
        loss = yield
        return loss * float("nan") if run.is_stepping and run.step == 3 else loss


@functools.cache
def images():
    """A file with small images, which is removed at the end of the process."""
    place = tempfile.TemporaryDirectory(prefix="exactness-")
    images.place = place
    path = Path(place.name) / "images.npz"
    draw = numpy.random.default_rng(0)
    numpy.savez(path, pixels=draw.standard_normal((15, 1, 4, 4), dtype=numpy.float32), kind=draw.integers(3, size=15))
    return path


def spec(optimizer, scheduler, accumulate, setting):
    """A tiny network for tiny images."""
    options = SCHEDULERS[scheduler]
    schedule = [] if options is None else [{"type": scheduler, **options}]
    return hookline.load(
        {
            "run": {
                "epochs": EPOCHS,
                "device": "cpu",
                "name": "cell",
                "accumulate": accumulate,
                **({"validate_every_steps": 1} if setting.startswith("validation") else {}),
            },
            "data": {
                "type": "NPZ",
                "path": str(images()),
                "inputs": "pixels",
                "targets": "kind",
                "validation": 0.2,
                "batch_size": 6,
                "transforms": AUGMENTED if setting == "augmentation" else [],
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 4},
                    {"type": "BatchNorm1d"},
                    {"type": "ReLU"},
                    {"type": "Dropout", "p": 0.3 if setting == "dropout" else 0.0},
                    {"type": "Linear", "out_features": 3},
                ],
            },
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": OPTIMIZERS[optimizer],
            "callbacks": [*SETTINGS[setting], *schedule],
        }
    )


CONFIGURATIONS = [
    (optimizer, scheduler, accumulate, setting)
    for optimizer in OPTIMIZERS
    for scheduler in SCHEDULERS
    for accumulate in (1, 3)
    for setting in SETTINGS
    # LBFGS evaluates a batch several times in a step, so that a spec with it and one of these is refused.
    if (optimizer, setting) not in {("LBFGS", "guard"), ("LBFGS", "mixup")}
]


def cells(configuration, result, positions=None):
    """Continue a training from each of the positions, and compare each with the one without an interruption."""
    made = spec(*configuration)
    plugins = [Spoiling()] if configuration[-1] == "guard" else []
    whole = trained(made, plugins)
    for position, checkpoint in enumerate(whole.kept[:-1]):
        if positions is None or position in positions:
            other = trained(made, plugins, checkpoint)
            case = f"{', '.join(map(str, configuration))}, position {position}"
            result.add(case, None if other.digest == whole.digest else "differs")


def chosen_from_all(count, seed):
    """A number of configurations, drawn from all, or all of them."""
    return CONFIGURATIONS if count is None else random.Random(seed).sample(CONFIGURATIONS, count)  # noqa: S311


def prove(count=None, positions=None, seed=0):
    """Try a number of configurations, drawn from all, or all of them."""
    result = Result("matrix")
    for configuration in chosen_from_all(count, seed):
        cells(configuration, result, positions)
    return result
