"""The stage `fit`, which trains the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookline import hookimpl

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline import Run
    from hookline.data import Data


@hookimpl(trylast=True)
def fit(run: Run, data: Data, model: nn.Module, criterion: nn.Module, optimizer: optim.Optimizer) -> nn.Module:
    """Train the model epoch by epoch."""
    from hookline.training import train_epochs  # Not needed to check a spec, and it imports much.

    train_epochs(run, data, model, criterion, optimizer)
    return model
