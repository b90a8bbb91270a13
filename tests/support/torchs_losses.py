"""The losses of torch with options, and outputs and targets to compare with hand-written torch."""

import pytest
import torch
from torch import nn

import hookline

CLASSES = [
    {},
    {"reduction": "sum"},
    {"weight": [0.5, 2, 3]},
    {"weight": [0.5, 2, 3], "reduction": "sum"},
    {"ignore_index": 1},
    {"weight": [0.5, 2, 3], "ignore_index": 0},
]
SMOOTHED = [
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.3, "weight": [0.5, 2, 3], "ignore_index": 2},
    {"label_smoothing": 0.3, "reduction": "sum"},
]
PROBABILITIES = [{}, {"reduction": "sum"}, {"weight": [0.5, 2]}, {"weight": [3.0], "reduction": "sum"}]
POSITIVE = [{"pos_weight": [0.5, 2]}, {"pos_weight": [4], "weight": [0.5, 2], "reduction": "sum"}]
NUMBERS = [{}, {"reduction": "sum"}]
OPTIONS = {
    "CrossEntropyLoss": CLASSES + SMOOTHED,
    "NLLLoss": CLASSES,
    "BCELoss": PROBABILITIES,
    "BCEWithLogitsLoss": PROBABILITIES + POSITIVE,
    "MSELoss": NUMBERS,
    "L1Loss": NUMBERS,
    "SmoothL1Loss": [*NUMBERS, {"beta": 0.25}, {"beta": 0.0}],
    "SoftMarginLoss": NUMBERS,
    "HingeEmbeddingLoss": [*NUMBERS, {"margin": 0.3}],
    "MultiLabelSoftMarginLoss": [{}, {"reduction": "sum"}, {"weight": [0.5, 2]}],
    "MultiMarginLoss": [{}, {"p": 2, "margin": 0.5}, {"weight": [0.5, 2, 3]}, {"reduction": "sum"}],
    "PoissonNLLLoss": [*NUMBERS, {"full": True}, {"log_input": False, "eps": 1e-3}, {"reduction": "sum", "full": True}],
    "HuberLoss": [*NUMBERS, {"delta": 0.25}, {"delta": 3, "reduction": "sum"}],
}
CASES = [pytest.param(name, options, id=f"{name} {options}") for name in OPTIONS for options in OPTIONS[name]]


def loaded(name, options):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": name, **options},
        "optimizer": {"type": "SGD"},
    }
    return hookline.load(spec).loss


def torchs(name, options):
    tensors = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in options.items()}
    return getattr(nn, name)(
        **{key: value.float() if key.endswith("weight") else value for key, value in tensors.items()}
    )


def compared(name, rows=24):
    """Return outputs and targets in the form that the loss takes, in which every class occurs."""
    generator = torch.Generator().manual_seed(3)
    if name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        scores = torch.randn(rows, 3, generator=generator)
        return scores.log_softmax(dim=1) if name == "NLLLoss" else scores, torch.arange(rows) % 3
    outputs, targets = torch.randn(2, rows, 2, generator=generator)
    if name.startswith("BCE"):
        return outputs.sigmoid() if name == "BCELoss" else outputs, (targets > 0).float()
    if name in ("SoftMarginLoss", "HingeEmbeddingLoss"):
        return outputs, targets.sign()
    if name == "MultiLabelSoftMarginLoss":
        return outputs, (targets > 0).float()
    if name == "PoissonNLLLoss":
        return outputs.abs(), (targets.abs() * 3).floor()
    return outputs, targets


LETTERS = torch.tensor([[1, 2, 2, -1], [3, -1, -1, -1], [1, 2, 3, 1], [2, 2, 2, 2]])
"""Target sequences that need up to 7 steps (2, 2, 2, 2); if an infinite loss is allowed, there are only 6."""
NO_BLANK = LETTERS.where(LETTERS < 0, LETTERS - 1)
HINGES = [{}, {"reduction": "sum"}, {"margin": 0.3}]
TRIPLETS = [{"reduction": "sum"}, {"margin": 0.5}, {"swap": True}, {"margin": 3.0, "swap": True, "reduction": "sum"}]
OTHER_OPTIONS = {
    "MultiLabelMarginLoss": NUMBERS,
    "CosineEmbeddingLoss": [*HINGES, {"margin": -0.5}],
    "MarginRankingLoss": HINGES,
    "TripletMarginLoss": [{}, *TRIPLETS, {"p": 1.0}, {"p": 3.0, "eps": 0.1, "swap": True}, {"eps": 0.0}],
    "TripletMarginWithDistanceLoss": [{}, *TRIPLETS],
    "GaussianNLLLoss": [*NUMBERS, {"full": True}, {"eps": 0.5}, {"full": True, "eps": 2.0, "reduction": "sum"}],
    "KLDivLoss": [
        {"reduction": reduction, "log_target": log_target}
        for reduction in ("mean", "batchmean", "sum")
        for log_target in (False, True)
    ],
    "CTCLoss": [{}, {"reduction": "sum"}, {"blank": 3}, {"zero_infinity": True}, {"blank": 3, "zero_infinity": True}],
    "AdaptiveLogSoftmaxWithLoss": [
        {"cutoffs": [1]},
        {"cutoffs": [1, 2], "div_value": 2.0},
        {"cutoffs": [2], "head_bias": True, "div_value": 1.5},
        {"cutoffs": [1], "n_classes": 4},
    ],
    "LinearCrossEntropyLoss": [
        *CLASSES,
        *SMOOTHED,
        {"bias": True},
        {"num_classes": 5, "bias": True, "reduction": "sum"},
    ],
}
"""Losses with other arguments than one output and one target of its shape, or with parameters."""
OTHER_CASES = [
    pytest.param(name, options, id=f"{name} {options}")
    for name, several in OTHER_OPTIONS.items()
    for options in several
]


def given(name, options):
    """Return the outputs of the model by argument name, and the targets as in the data."""
    generator = torch.Generator().manual_seed(3)
    first, second, third = torch.randn(3, 24, 4, generator=generator)
    signs = torch.randn(24, 4, generator=generator).sign()
    classes = {"target": torch.arange(24) % 3}
    if name.startswith("Triplet"):
        return {"anchor": first, "positive": second, "negative": third}, {}
    if name == "CosineEmbeddingLoss":
        return {"input1": first, "input2": second}, {"target": signs[:, 0]}
    if name == "MarginRankingLoss":
        return {"input1": first, "input2": second}, {"target": signs}
    if name == "GaussianNLLLoss":
        return {"input": first, "var": second.exp()}, {"target": third}
    if name == "KLDivLoss":
        target = second.log_softmax(dim=1)
        return {"input": first.log_softmax(dim=1)}, {"target": target if options["log_target"] else target.exp()}
    if name == "CTCLoss":
        scores = torch.randn(4, 6 if options.get("zero_infinity") else 7, 4, generator=generator)
        return {"input": scores.log_softmax(dim=2)}, {"target": LETTERS if options.get("blank", 0) == 0 else NO_BLANK}
    if name == "MultiLabelMarginLoss":
        holds = signs > 0
        indices = torch.where(holds, torch.arange(4), 4).sort(dim=1).values
        return {"input": first}, {"target": indices.where(indices < 4, -1)}
    return {"input": first}, classes


def as_torch_takes(name, outputs, targets):
    """Return the arguments of torch's criterion."""
    target = targets.get("target")
    if name == "GaussianNLLLoss":
        return outputs["input"], target, outputs["var"]
    if name == "CTCLoss":
        steps = torch.full((4,), outputs["input"].shape[1])
        return outputs["input"].transpose(0, 1), target, steps, (target >= 0).sum(dim=1)
    return (*outputs.values(), *targets.values())


ALL_CASES = [*CASES, *OTHER_CASES]


def given_to(name, options):
    """Return the outputs of the model and the targets of any loss, by name."""
    if name in OPTIONS:
        outputs, targets = compared(name)
        return {"input": outputs}, {"target": targets}
    return given(name, options)
