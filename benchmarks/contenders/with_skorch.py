"""skorch: a NeuralNet without the callback that prints."""

import time
from dataclasses import replace
from typing import Any

import torch
from skorch import NeuralNet, NeuralNetBinaryClassifier
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import TensorDataset

from contenders.work import MakeBatches, Work


def train(work: Work, make_batches: MakeBatches) -> tuple[nn.Module, float]:
    """Train, and return the network and the CPU time of `fit`."""
    kind, split, validated = NeuralNet, None, None
    if work.validation is not None:  # The classifier computes loss and accuracy; its targets have one dimension.
        kind, work = NeuralNetBinaryClassifier, replace(work, targets=work.targets.flatten())
        validated = [(work.validation[0], work.validation[1].flatten())]
        split = predefined_split(TensorDataset(*validated[0]))
    batches = make_batches(work)
    options: dict[str, Any] = {f"optimizer__{name}": value for name, value in work.options.items()}
    net = kind(
        work.model(),
        criterion=work.criterion,
        optimizer=getattr(torch.optim, work.optimizer),
        optimizer__fused=True,
        **options,
        max_epochs=work.epochs,
        train_split=split,
        iterator_train=lambda dataset, batch_size: batches,
        iterator_valid=lambda dataset, batch_size: validated,
        callbacks__print_log=None,
    )
    net.initialize()
    started = time.process_time()
    net.partial_fit(TensorDataset(work.inputs, work.targets), None)
    return net.module_, time.process_time() - started
