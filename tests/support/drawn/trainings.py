"""Random optimizers, schedulers, callbacks and options of a run."""

from drawn.options import component

OPTIMIZERS = ("SGD", "Adam", "AdamW", "Adagrad") * 3 + (
    *("ASGD", "Adadelta", "Adafactor", "Adamax", "LBFGS", "NAdam", "RAdam", "RMSprop", "Rprop"),
    "Partition",
)
PATTERNS = ("*.bias", "*.weight", "0.*", "*")


def optimizer(draw):
    """An optimizer, sometimes with groups."""
    name = draw.choice(OPTIMIZERS)
    rate = draw.choice((1e-3, 1e-2, 1e-2, 0.05, 0.2, 1e-1, 1.0, 30.0) if draw.random() < 0.3 else (1e-3, 1e-2, 0.05))
    if name == "Partition":
        muon = {"type": "Muon", "lr": rate, "ns_steps": 2}
        parts = [{"dimensions": 2, "optimizer": muon}, {"optimizer": {"type": "AdamW", "lr": rate}}]
        return {"type": "Partition", "parts": parts}
    options = {"max_iter": 2, "history_size": 2} if name == "LBFGS" else {}
    if name == "SGD" and draw.random() < 0.5:
        options["momentum"] = draw.choice((0.5, 0.9))
    if name in ("SGD", "Adam", "AdamW", "Adagrad") and draw.random() < 0.25:
        options["fused"] = False
    if name != "LBFGS" and draw.random() < 0.2:
        group = {"parameters": draw.choice(PATTERNS), "lr": draw.choice((0.0, 0.002, 0.1))}
        options["groups"] = [group]
    return component(draw, "optimizer", name, chance=0.15, lr=rate, **options)


SCHEDULERS = {
    "StepLR": lambda draw: {"step_size": draw.randint(1, 4), "gamma": 0.5},
    "MultiStepLR": lambda draw: {"milestones": sorted(draw.sample(range(1, 12), 2))},
    "ConstantLR": lambda draw: {"total_iters": draw.randint(1, 7)},
    "LinearLR": lambda draw: {"total_iters": draw.randint(1, 7)},
    "ExponentialLR": lambda draw: {"gamma": draw.choice((0.5, 0.9, 1.1))},
    "PolynomialLR": lambda draw: {"total_iters": draw.randint(1, 9)},
    "CosineAnnealingLR": lambda draw: {},
    "CosineAnnealingWarmRestarts": lambda draw: {"T_0": draw.randint(1, 5)},
    "CyclicLR": lambda draw: {"base_lr": 0.001, "max_lr": 0.1, "step_size_up": draw.randint(1, 4)},
    "OneCycleLR": lambda draw: {"max_lr": draw.choice((0.01, 0.3))},
    "ReduceLROnPlateau": lambda draw: {"monitor": "training/loss", "patience": draw.choice((0, 1)), "threshold": 0.9},
    "SequentialLR": lambda draw: {
        "milestones": [draw.randint(1, 4)],
        "schedulers": [{"type": "ConstantLR"}, {"type": "ExponentialLR", "gamma": 0.5}],
    },
    "ChainedScheduler": lambda draw: {"schedulers": [{"type": "ConstantLR"}, {"type": "StepLR", "step_size": 2}]},
}


def scheduler(draw):
    """A scheduler that acts after each epoch or step."""
    name = draw.choice(list(SCHEDULERS))
    options = SCHEDULERS[name](draw)
    if name in ("CyclicLR", "OneCycleLR"):
        options["cycle_momentum"] = draw.random() < 0.5
    elif name != "ReduceLROnPlateau" and draw.random() < 0.6:
        options["interval"] = "step"
    return component(draw, "scheduler", name, chance=0.1, **options)


CALLBACKS = {
    "Checkpoint": lambda draw: draw.choice(
        ({"every_steps": draw.randint(1, 7)}, {"every_epochs": 1}, {"keep_best": 1})
    ),
    "ConfusionMatrix": lambda draw: {"picture": False},
    "CSVLog": lambda draw: {},
    "EarlyStopping": lambda draw: {
        "patience": draw.choice((1, 1, 2)),
        "monitor": draw.choice(("validation/loss", "training/loss")),
        "min_delta": draw.choice((0.0, 0.5)),
    },
    "ExponentialMovingAverage": lambda draw: {"decay": draw.choice((0.5, 0.9))},
    "Freeze": lambda draw: {
        "parameters": draw.choice(PATTERNS[:3]),
        **({"until": draw.randint(2, 4)} if draw.random() < 0.7 else {}),
    },
    "GradientClipping": lambda draw: draw.choice(({"max_norm": 0.1}, {"clip_value": 0.05})),
    "GradientNorm": lambda draw: {},
    "LearningRateFinder": lambda draw: {"steps": 10, "use": draw.random() < 0.5},
    "Mixup": lambda draw: {"probability": draw.choice((0.0, 0.5, 1.0))},
    "NaNGuard": lambda draw: draw.choice(
        ({"action": "raise"}, {"action": "skip"}, {"action": "roll_back", "copy_every": draw.randint(1, 3)})
    ),
    "Predictions": lambda draw: {"picture": False, "rows": draw.choice((1, 5))},
    "StochasticWeightAveraging": lambda draw: {"start": draw.randint(1, 3)},
}


def callbacks(draw):
    """Callbacks and schedulers; some run only in some steps or epochs."""
    made = []
    for name in draw.sample(list(CALLBACKS), draw.choice((0, 0, 0, 1, 1, 2, 3))):
        options = CALLBACKS[name](draw)
        for limit in ("every", "first", "last"):
            if draw.random() < 0.06 and name not in ("Checkpoint", "EarlyStopping", "StochasticWeightAveraging"):
                options[limit] = draw.randint(1, 6)
        made.append(component(draw, "callback", name, chance=0.15, **options))
    made += [scheduler(draw) for _ in range(draw.choice((0, 0, 1, 1, 2)))]
    draw.shuffle(made)
    return made


def run(draw):
    """The options of a run."""
    options = {"epochs": draw.randint(1, 5), "seed": draw.randint(0, 99), "device": "cpu", "name": "drawn"}
    others = {
        "accumulate": lambda: draw.randint(2, 4),
        "dtype": lambda: "float64",
        "max_steps": lambda: draw.randint(1, 25),
        "max_time": lambda: "1h",
        "validate_every_steps": lambda: draw.randint(1, 9),
        "evaluate_training": lambda: False,
    }
    for name, value in others.items():
        if draw.random() < 0.2:
            options[name] = value()
    return options
