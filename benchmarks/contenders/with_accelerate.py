"""Accelerate: the hand-written loop with a prepared model and optimizer, and a prepared DataLoader if there is one."""

import time

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader

from contenders.work import MakeBatches, Work, accuracy


def train(work: Work, make_batches: MakeBatches) -> tuple[nn.Module, float]:
    """Train, and return the network and the CPU time."""
    network, criterion, batches = work.model(), work.criterion(), make_batches(work)
    accelerator = Accelerator(cpu=True)
    model, optimizer = accelerator.prepare(network, work.updates(network.parameters()))
    if isinstance(batches, DataLoader):
        batches = accelerator.prepare(batches)
    started = time.process_time()
    history = []
    for _ in range(work.epochs):
        losses = []
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            accelerator.backward(loss)
            optimizer.step()
            losses.append(loss.detach())
        record = {"loss": torch.stack(losses).mean().item()}
        if work.validation is not None:
            model.eval()
            with torch.no_grad():
                outputs = model(work.validation[0])
                record["validation_loss"] = criterion(outputs, work.validation[1]).item()
                record["validation_accuracy"] = accuracy(outputs, work.validation[1]).item()
            model.train()
        history.append(record)
    return network, time.process_time() - started
