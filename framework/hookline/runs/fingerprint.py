"""The fingerprint of data as the model receives it. Equal fingerprints mean equal bits."""

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

from hookline.data.fingerprint import fingerprint_of, of_batch
from hookline.plugins.sources.fingerprint import of_text
from hookline.runs import devices
from hookline.spec.dump import to_json

if TYPE_CHECKING:
    from hookline.data.batches import Batches
    from hookline.data.data import Data


COMPARED_BATCHES = 16
"""The number of batches to read from a split that is not in memory; reading all takes as long as an epoch."""


def of_data(data: "Data") -> str:
    """The fingerprint of all splits, of the encoding of the targets and of the preparation of the inputs.

    It covers all rows of a split in memory (`all`), or what the method `fingerprint` of a split returns. For any other
    split it covers the number of rows and the first `COMPARED_BATCHES` batches of the first epoch. The state of the
    global random number generators is unchanged.
    """
    return data.once(of_data, lambda: _of_data(data))


def _of_data(data: "Data") -> str:
    device = next(iter(data.example.inputs.values())).device
    with devices.forked_generators(device):
        splits = {split: _of_batches(batches) for split, batches in data.splits().items()}
    targets = {name: repr(target) for name, target in data.targets.items()}
    return of_text(to_json({"splits": splits, "targets": targets, "preparation": data.preparation}))


def _of_batches(batches: "Batches") -> str:
    if (known := fingerprint_of(batches)) is not None:
        return known
    made = hashlib.sha256(f"{batches.rows} rows".encode())
    for batch in islice(batches.epoch(1), COMPARED_BATCHES):
        made.update(of_batch(batch).encode())
    return made.hexdigest()
