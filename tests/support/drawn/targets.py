"""Random targets with losses and metrics for them, and the last layers of a model."""

import numpy

from drawn.options import component

OF_CLASSES = ("Accuracy", "AUROC", "F1Score", "MatthewsCorrCoef", "Precision", "CohenKappa", "CalibrationError")
OF_NUMBERS = (
    "MeanSquaredError",
    "MeanAbsoluteError",
    "R2Score",
    "ExplainedVariance",
    "PearsonCorrCoef",
    "LogCoshError",
)
OF_LABELS = ("Accuracy", "F1Score", "AUROC", "HammingDistance", "ExactMatch", "AveragePrecision")


def metrics(draw, names, **options):
    """Up to two metrics."""
    return [component(draw, "metric", name, **options) for name in draw.sample(names, draw.choice((0, 1, 2)))]


def classes(draw, rows, numbers):
    """Three classes."""
    columns = {"y": numpy.arange(rows) % 3}
    name = draw.choice(("CrossEntropyLoss", "CrossEntropyLoss", "CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"))
    options = {}
    if draw.random() < 0.3:
        options["weight"] = draw.choice(([0.5, 2.0, 1.0], "balanced"))
    if draw.random() < 0.15 and name != "MultiMarginLoss":
        options["ignore_index"] = 1
    last = [{"type": "LogSoftmax"}] if name == "NLLLoss" else []
    found = [] if "ignore_index" in options else metrics(draw, OF_CLASSES)
    return columns, ["y"], 3, last, component(draw, "loss", name, **options), found


def amounts(draw, rows, numbers):
    """One number for each row, or two."""
    count = draw.choice((1, 1, 2))
    columns = {f"y{index}": numbers.standard_normal(rows).astype("float32") for index in range(count)}
    name = draw.choice(("MSELoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "GaussianNLLLoss"))
    last = []
    if name == "GaussianNLLLoss":
        variance = [{"type": "Linear", "out_features": count}, {"type": "Softplus"}]
        heads = {
            "input": {"type": "Linear", "out_features": count},
            "var": {"type": "Sequential", "layers": variance},
        }
        last = [{"type": "Heads", "heads": heads}]
    return columns, list(columns), count, last, component(draw, "loss", name), metrics(draw, OF_NUMBERS)


def counts(draw, rows, numbers):
    """A count for each row."""
    columns = {"y": numbers.poisson(2, rows).astype("float32")}
    loss = component(draw, "loss", "PoissonNLLLoss")
    last = [] if loss.get("log_input", True) else [{"type": "Softplus"}]
    return columns, ["y"], 1, last, loss, metrics(draw, OF_NUMBERS[:2])


def labels(draw, rows, numbers):
    """Two labels that are true or false."""
    columns = {"y0": numpy.arange(rows) % 2, "y1": numpy.arange(rows) % 3 // 2}
    names = ("BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "MultiLabelMarginLoss")
    name = draw.choice(names)
    options = {"pos_weight": [0.5, 2.0]} if name == "BCEWithLogitsLoss" and draw.random() < 0.3 else {}
    last = [{"type": "Sigmoid"}] if name == "BCELoss" else []
    return columns, ["y0", "y1"], 2, last, component(draw, "loss", name, **options), metrics(draw, OF_LABELS)


def signs(draw, rows, numbers):
    """1 or -1 for each row."""
    columns = {"y": numpy.arange(rows) % 2 * 2 - 1}
    name = draw.choice(("SoftMarginLoss", "HingeEmbeddingLoss"))
    last = [{"type": "Softplus"}] if name == "HingeEmbeddingLoss" else []
    return columns, ["y"], 1, last, component(draw, "loss", name), []


def shares(draw, rows, numbers):
    """A distribution over three classes."""
    drawn = numbers.dirichlet([1.0, 1.0, 1.0], rows).astype("float32")
    columns = {f"y{index}": drawn[:, index] for index in range(3)}
    return columns, list(columns), 3, [{"type": "LogSoftmax"}], component(draw, "loss", "KLDivLoss"), []


def owned(draw, rows, numbers):
    """Three classes, for a loss that has parameters of its own."""
    columns = {"y": numpy.arange(rows) % 3}
    if draw.random() < 0.5:
        loss = {"type": "AdaptiveLogSoftmaxWithLoss", "in_features": 4, "cutoffs": [1], "div_value": 2.0}
    else:
        loss = component(draw, "loss", "LinearCrossEntropyLoss", in_features=4)
    return columns, ["y"], 4, [], loss, metrics(draw, ("Accuracy", "F1Score"))


KINDS = (classes, classes, classes, amounts, amounts, amounts, counts, labels, labels, signs, shares, owned)


def drawn_targets(draw, rows, numbers):
    """Targets and what belongs to them.

    Returns:
        The columns, the option `targets`, the last layers, the sections of the losses, and the metrics.

    """
    if draw.random() < 0.85:
        columns, targets, count, last, loss, found = draw.choice(KINDS)(draw, rows, numbers)
        first = [] if any(one["type"] == "Heads" for one in last) else [{"type": "Linear", "out_features": count}]
        return columns, targets, [*first, *last], {"loss": loss}, found
    parts = {}
    while len(parts) < 2:
        kind = draw.choice((classes, amounts, counts, labels))
        if kind.__name__ not in parts:
            made = kind(draw, rows, numbers)
            if not any(one["type"] == "Heads" for one in made[3]):
                parts[kind.__name__] = made
    columns, targets, heads, losses, found = {}, {}, {}, {}, []
    for name, (its, selected, count, last, loss, measured) in parts.items():
        columns |= {f"{name}_{column}": one for column, one in its.items()}
        targets[name] = [f"{name}_{column}" for column in selected]
        layers = [{"type": "Linear", "out_features": count}, *last]
        heads[name] = {"type": "Sequential", "layers": layers} if last else layers[0]
        losses[name] = {**loss, **({"factor": draw.choice((0.5, 3.0))} if draw.random() < 0.5 else {})}
        found += [{**metric, "target": name} for metric in measured]
    return columns, targets, [{"type": "Heads", "heads": heads}], {"losses": losses}, found
