"""The fingerprint of rows as the model receives them. Equal fingerprints mean equal bits."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batch, Batches
    from hookline.data.rows.sampling import WeightedSampler


def fingerprint_of(batches: "Batches") -> str | None:
    """The fingerprint of all rows of a split, and of how they are sampled; `None` if they are not in memory.

    It is what the method `fingerprint` of the split returns, if there is one.
    """
    own = getattr(batches, "fingerprint", None)
    if own is not None:
        return str(own())
    rows = getattr(batches, "all", None)
    if rows is None:
        return None
    sampler = getattr(batches, "sampler", None)
    if sampler is None:
        return of_batch(rows)
    return hashlib.sha256((of_batch(rows) + _of_sampler(sampler)).encode()).hexdigest()


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
