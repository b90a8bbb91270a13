"""The fingerprint of data as the model sees them. Equal ones mean equal bits."""

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from hookline.plugins.sources.fingerprint import of_text
from hookline.runs import devices
from hookline.spec.dump import to_json

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batch, Batches, Data


LOOKED_AT = 16
"""How many batches of a split that is not in memory are read: to read all of them would take as long as an epoch."""


def of_data(data: "Data") -> str:
    """The fingerprint of all splits, and of what is known of the targets and of how the inputs were prepared.

    A split in memory (`all`) is compared by all of its rows, and one with a method `fingerprint` by what that returns.
    Of any other, the number of rows and the first `LOOKED_AT` batches of the first epoch are compared. The state of the
    global random generators stays the same.
    """
    device = next(iter(data.example.inputs.values())).device
    with devices.forked_generators(device):
        splits = {split: _of_batches(batches) for split, batches in data.splits().items()}
    targets = {name: repr(target) for name, target in data.targets.items()}
    return of_text(to_json({"splits": splits, "targets": targets, "preparation": data.preparation}))


def _of_batches(batches: "Batches") -> str:
    own = getattr(batches, "fingerprint", None)
    if own is not None:
        return str(own())
    rows = getattr(batches, "all", None)
    if rows is not None:
        return of_batch(rows)
    made = hashlib.sha256(f"{batches.rows} rows".encode())
    for batch in islice(batches.epoch(1), min(LOOKED_AT, len(batches))):
        made.update(of_batch(batch).encode())
    return made.hexdigest()


def of_batch(batch: "Batch") -> str:
    """The fingerprint of the tensors of a batch, with their names, types and shapes."""
    kinds = {"input": batch.inputs, "target": batch.targets, "length": batch.lengths}
    return of_tensors({f"{kind} {name}": tensor for kind, group in kinds.items() for name, tensor in group.items()})


def of_tensors(tensors: "Mapping[str, Tensor]") -> str:
    """The fingerprint of tensors by name.

    >>> import torch
    >>> of_tensors({"x": torch.zeros(2)}) == of_tensors({"x": torch.zeros(1, 2)})
    False
    """
    import torch

    made = hashlib.sha256()
    for name, tensor in tensors.items():
        made.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        made.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return made.hexdigest()
