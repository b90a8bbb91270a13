"""The fingerprint of data as the model receives it. Equal fingerprints mean equal bits."""

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
    from hookline.data.sampling import WeightedSampler


COMPARED_BATCHES = 16
"""The number of batches to read from a split that is not in memory; reading all takes as long as an epoch."""


def of_data(data: "Data") -> str:
    """The fingerprint of all splits, of the encoding of the targets and of the preparation of the inputs.

    It covers all rows of a split in memory (`all`), or what the method `fingerprint` of a split returns. For any other
    split it covers the number of rows and the first `COMPARED_BATCHES` batches of the first epoch. The state of the
    global random number generators is unchanged.
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
        sampler = getattr(batches, "sampler", None)
        return of_batch(rows) if sampler is None else of_text(of_batch(rows) + _of_sampler(sampler))
    made = hashlib.sha256(f"{batches.rows} rows".encode())
    for batch in islice(batches.epoch(1), min(COMPARED_BATCHES, len(batches))):
        made.update(of_batch(batch).encode())
    return made.hexdigest()


def _of_sampler(sampler: "WeightedSampler") -> str:
    """The fingerprint of how rows are sampled."""
    return f"{sampler.num_samples} {hashlib.sha256(sampler.weights.tobytes()).hexdigest()}"


def of_batch(batch: "Batch") -> str:
    """The fingerprint of the tensors of a batch, with their names, dtypes and shapes."""
    kinds = {"input": batch.inputs, "target": batch.targets, "length": batch.lengths}
    tensors = {f"{kind} {name}": tensor for kind, group in kinds.items() for name, tensor in group.items()}
    return of_tensors(tensors if batch.weights is None else {**tensors, "weights": batch.weights})


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
