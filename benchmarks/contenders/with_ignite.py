"""Ignite: `create_supervised_trainer`, and an evaluator after each epoch."""

import time

from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy, Loss
from torch import nn

from contenders.work import MakeBatches, Work


def train(work: Work, make_batches: MakeBatches) -> tuple[nn.Module, float]:
    """Train, and return the network and the CPU time of `Engine.run`."""
    model, criterion, batches = work.model(), work.criterion(), make_batches(work)
    trainer = create_supervised_trainer(model, work.updates(model.parameters()), criterion)
    if work.validation is not None:
        metrics = {
            "accuracy": Accuracy(lambda output: (output[0].sigmoid().round(), output[1])),
            "loss": Loss(criterion),
        }
        evaluator = create_supervised_evaluator(model, metrics)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run([work.validation]))
    started = time.process_time()
    trainer.run(batches, max_epochs=work.epochs)
    return model, time.process_time() - started
