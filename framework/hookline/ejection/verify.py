"""Run the lines of the data source, and compare its batches with those of the run."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from hookline.data.batches import in_order
from hookline.runs.devices import default_dtype, forked_generators
from hookline.script.script import Script
from hookline.script.written import cannot_be_written

if TYPE_CHECKING:
    import torch

    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.plugins.stages import Run


def refuse_other_batches(script: Script, run: "Run", data: "Data") -> None:
    """Run the lines that read, split and prepare the data, and raise an error if the batches are not those of the run.

    The batches of the first epoch and of all splits in order are compared. The cells of files have many forms, which
    a reader written in a few lines may take for something else.

    Raises:
        MismatchError: if a batch is another one.

    """
    for split, number in _different(script, run, data):
        raise cannot_be_written(f"Its lines would give other numbers in batch {number} of the {split} split.")


def _different(script: Script, run: "Run", data: "Data") -> Iterator[tuple[str, int]]:
    """Yield the splits and numbers of batches that differ."""
    variables: dict[str, Any] = {}
    with forked_generators(run.device), default_dtype(run.dtype):
        try:
            exec(compile(script.text_of_data(), "train.py", "exec"), variables)  # noqa: S102 - Components wrote them.
        except Exception as error:
            what = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise cannot_be_written(f"Its lines cannot read or prepare these rows ({what}).") from error
        batches = variables["batches"]
        expected = [(split, in_order(rows).epoch(0), batches(split)) for split, rows in data.splits().items()]
        expected.append(("training", data.training.epoch(1), batches("training", 1)))
        for split, ours, theirs in expected:
            for number, (batch, tensors) in enumerate(zip_longest(ours, theirs), start=1):
                if batch is None or tensors is None or not _are_equal(script, batch, tensors):
                    yield split, number


def _are_equal(script: Script, batch: "Batch", tensors: "tuple[torch.Tensor, ...]") -> bool:
    import torch

    names = script.batch
    ours = [batch.inputs[name] for name in names.inputs]
    ours += [batch.targets[name] for name in names.targets]
    ours += [batch.lengths[name] for name in names.lengths]
    ours += [] if names.weights is None or batch.weights is None else [batch.weights]
    return len(ours) == len(tensors) and all(
        one.dtype == other.dtype and torch.equal(one, other) for one, other in zip(ours, tensors, strict=True)
    )
