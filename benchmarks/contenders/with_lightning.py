"""Lightning: `barebones=True` where it can be used, which turns off everything that may slow a Trainer down."""

import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any

import lightning
from torch import nn
from torchmetrics.classification import BinaryAccuracy

from contenders.work import MakeBatches, Work


class Training(lightning.LightningModule):
    """A network with its loss and its optimizer."""

    def __init__(self, work: Work):
        super().__init__()
        self.work, self.network, self.criterion = work, work.model(), work.criterion()
        self.accuracy = BinaryAccuracy()

    def training_step(self, batch: Any, _: int) -> Any:
        x, y = batch
        return self.criterion(self.network(x), y)

    def validation_step(self, batch: Any, _: int) -> None:
        x, y = batch
        outputs = self.network(x)
        self.accuracy(outputs.sigmoid(), y)
        self.log("validation_loss", self.criterion(outputs, y))
        self.log("validation_accuracy", self.accuracy)

    def configure_optimizers(self) -> Any:
        return self.work.updates(self.network.parameters())


class Validation:
    """All rows as one batch. Lightning would take a list of batches for a list of loaders."""

    def __init__(self, rows: Any):
        self.rows = rows

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Any]:
        yield self.rows


def train(work: Work, make_batches: MakeBatches) -> tuple[nn.Module, float]:
    """Train, and return the network and the CPU time of `Trainer.fit`."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    model = Training(work)
    lean: dict[str, Any] = {"barebones": True}
    if work.validation is not None:  # `barebones` would disable `self.log`.
        lean = dict.fromkeys(
            ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
        ) | {"num_sanity_val_steps": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Worker processes for these rows would be slower.
        trainer = lightning.Trainer(max_epochs=work.epochs, accelerator="cpu", devices=1, **lean)
        started = time.process_time()
        trainer.fit(model, make_batches(work), None if work.validation is None else Validation(work.validation))
        return model.network, time.process_time() - started
