"""The lines of the progress display before a training: data, model, loss and optimizer."""

import textwrap
from typing import TYPE_CHECKING

from hookline import Run
from hookline.data import Batch, Data, length_of
from hookline.errors import counted, printable

if TYPE_CHECKING:
    from torch import nn, optim


def introduction(
    run: Run, data: Data, model: "nn.Module", optimizer: "optim.Optimizer", screen: int | None
) -> list[str]:
    """Return what will run, in lines that fit the screen, and an empty line."""
    spec = run.spec
    parameters = sum(parameter.numel() for parameter in model.parameters())
    splits = (("training", data.training), ("validation", data.validation), ("test", data.test))
    numbers = {name: f"{batches.rows:,}" for name, batches in splits if batches is not None}
    rows = ", ".join(f"{number if number != '0' else 'unknown'} for {name}" for name, number in numbers.items())
    epochs, known = counted(spec.run.epochs, "epoch"), length_of(data.training)
    steps = "an unknown number of steps" if known is None else counted(known, "step")
    limits = f", {spec.run.limits}" if spec.run.limits else ""
    first = f"{spec.run.name}: {epochs} of {steps}{limits} on {run.device}, seed {spec.run.seed}"
    reading = f"; {data.reading}" if data.reading else ""
    sections = {
        "data": f"{type(spec.data).__name__}, rows of {_inputs(data.example)}: {rows}{reading}",
        "model": f"{type(spec.model).__name__}, {parameters:,} parameters",
        "loss": _losses(run),
        "optimizer": f"{type(spec.optimizer).__name__}{_rate(optimizer)}",
    }
    return [
        *_wrapped(first, screen, "", "  "),
        *(line for name, text in sections.items() for line in _wrapped(text, screen, f"  {name:<9}  ", " " * 13)),
        *(line for group in _groups(optimizer) for line in _wrapped(group, screen, "    ", "      ")),
        "",
    ]


def _wrapped(text: str, width: int | None, indent: str, then: str) -> list[str]:
    """Wrap a text to the width of the screen, if there is one: `indent` precedes the first line, `then` the others."""
    if width is None:
        return [f"{indent}{text}"]
    text = printable(text)
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )


def _losses(run: Run) -> str:
    """The types of the losses, with their names if they have any."""
    losses = run.objective.losses.items()
    return ", ".join(type(named.loss).__name__ + (f" ({name})" if name else "") for name, named in losses)


def _rate(optimizer: "optim.Optimizer") -> str:
    """Return the learning rate, if all groups have the same."""
    rates = {group["lr"] for group in optimizer.param_groups}
    return f", learning rate {float(rates.pop()):g}" if len(rates) == 1 else ""


def _groups(optimizer: "optim.Optimizer") -> list[str]:
    """Return a line per parameter group, if there are several: its name, size and individual options."""
    groups = optimizer.param_groups
    if len(groups) < 2:
        return []
    # Show the options that all groups have but with different values.
    common = set.intersection(*(set(group) for group in groups)) - {"params", "name"}
    last = groups[-1]
    differing = [name for name in last if name in common and any(group[name] != last[name] for group in groups)]
    names = [printable(str(group.get("name", f"group {index}"))) for index, group in enumerate(groups)]
    sizes = [f"{sum(tensor.numel() for tensor in group['params']):,}" for group in groups]
    own = ["".join(f", {name} {group[name]}" for name in differing) for group in groups]
    width, digits = max(map(len, names)), max(map(len, sizes))
    return [
        f"{name:<{width}}  {size:>{digits}} parameters{options}"
        for name, size, options in zip(names, sizes, own, strict=True)
    ]


def _inputs(example: Batch) -> str:
    """Describe a row of inputs, group by group: `4 numbers`, or `up to 40 × 8 numbers` for padded sequences."""
    groups = []
    for name, rows in example.inputs.items():
        sizes = " × ".join(f"{size:,}" for size in rows.shape[1:]) or "1"
        noun = "number" if rows.is_floating_point() else "integer"
        padded = "up to " if name in example.lengths else ""
        groups.append(f"{padded}{sizes} {noun}{'' if sizes == '1' else 's'}")
    if len(groups) == 1:
        return groups[0]
    named = [f"{name} ({group})" for name, group in zip(example.inputs, groups, strict=True)]
    return f"{', '.join(named[:-1])} and {named[-1]}"
