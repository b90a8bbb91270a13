"""Data in memory: make `Data` of the tensors and target columns of each split."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve

from hookline.data.batches import NOTHING_MORE
from hookline.data.data import Data
from hookline.data.precision import merged_columns
from hookline.data.prepared_column import PreparedColumn
from hookline.data.rows.fitting_rows import refuse_unfit_rows
from hookline.data.rows.row_numbers import RowNumbers
from hookline.data.rows.sampling import Sampling
from hookline.data.targets.counts import counts_of
from hookline.data.targets.encoding import Columns, Encoding, Target
from hookline.data.tensor_batches import TensorBatches
from hookline.errors.exceptions import DataError, HooklineWarning, MismatchError
from hookline.errors.option_errors import OptionError

if TYPE_CHECKING:
    import pyarrow
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

Splits = Mapping[str, Mapping[str, Any]]
"""A mapping by split: "training" and optionally "validation" and "test"."""


class Batching(Protocol):
    """The batch options of a data source."""

    @property
    def batch_size(self) -> int:
        """The number of rows per batch."""

    @property
    def shuffle(self) -> bool:
        """Whether to shuffle the training rows in each epoch."""

    @property
    def drop_last(self) -> bool:
        """Whether to drop a last training batch with fewer rows."""


class Destination(Protocol):
    """The parts of `hookline.Run` that say where its tensors are."""

    device: "torch.device"

    @property
    def dtype(self) -> "torch.dtype":
        """The floating-point type."""

    @property
    def seed(self) -> int:
        """The seed of the run."""

    def moved(self, tensor: "Tensor") -> "Tensor":
        """Move a tensor to the device, and cast it to the run's dtype if it is floating-point."""


class TargetEncodings(Protocol):
    """How the loss encodes its targets: a `hookline.spec.LossSpec`, or the `hookline.spec.Objective` of several."""

    def encodings(self, targets: Collection[str]) -> Mapping[str, Encoding]:
        """Return the encoding with each of these targets."""

    def name_for(self, target: str | None) -> str:
        """The type of the loss that takes a target, for messages."""


def in_memory(
    spec: Batching,
    run: Destination,
    loss: TargetEncodings,
    inputs: "Mapping[str, Mapping[str, Tensor]]",
    targets: Mapping[str, Mapping[str, Columns]],
    *,
    lengths: "Mapping[str, Mapping[str, Tensor]]" = NOTHING_MORE,
    weights: "Mapping[str, Tensor] | None" = None,
    classes: Mapping[str, Sequence[str | int]] = NOTHING_MORE,
    dropped: Mapping[str, int] = NOTHING_MORE,
    preparation: Mapping[str, Any] = NOTHING_MORE,
    left_out: Mapping[str, int] = NOTHING_MORE,
    sampling: Sampling | None = None,
    row_numbers: Mapping[str, Any] | None = None,
    columns: Sequence[PreparedColumn] = (),
    examples: "Mapping[str, NDArray[Any]] | pyarrow.Table | None" = None,
    kept: "Mapping[str, pyarrow.Table]" = NOTHING_MORE,
    source: str | Mapping[str, str] = "data",
) -> Data:
    """Move the data to the run's device, encode the targets for the loss, and divide the rows into batches.

    Floating-point inputs and targets are cast to the run's dtype.

    Args:
        spec: The data source, which defines size and order of the batches.
        run: The run, which defines seed and device.
        loss: The loss, which defines the encodings of its targets.
        inputs: For each split, the groups of inputs by name, each of shape `(N, …)`.
        targets: For each split, the columns of each target by name.
        lengths: For each split, the lengths of padded input sequences, int64 of shape `(N,)`.
        weights: For each split, the weight of each row in the loss, `(N,)`; `None` if all rows count equally.
        classes: The classes of targets in the order of their indices, for targets where the spec gives them.
        dropped: The number of rows that were left out, by column: see `Data.dropped`.
        preparation: How each group of inputs is computed from a row of the source; see `Data.preparation`.
        left_out: How many rows of the source are in no split, by the reason.
        sampling: How to sample the training rows with replacement; `None` to use each once per epoch.
        row_numbers: For each split, the number in the source of each row, counted from 0, in ascending order.
        columns: What becomes of each column of the source, for `hookline plan`.
        examples: Some rows as they are in the source: see `Data.examples`.
        kept: For each split, the columns that predictions contain, such as ids.
        source: The name of the source in messages, such as the path of the file, or one name for each split.

    Raises:
        DataError: If the targets cannot be encoded, or if there are no batches.
        MismatchError: If the loss does not take these targets.

    """
    sources = dict.fromkeys(inputs, source) if isinstance(source, str) else source
    refuse_unfit_rows(inputs, targets, lengths, sources)
    encoded, known = encode(targets, loss, sources, classes)
    warn_of_merged(encoded["training"], known, run, sources["training"])
    sampler = None if sampling is None else sampling.sampler(encoded["training"], known)
    batches = {}
    for split, groups in inputs.items():
        is_training = split == "training"
        batches[split] = TensorBatches(
            {name: run.moved(rows) for name, rows in groups.items()},
            {name: run.moved(rows) for name, rows in encoded[split].items()},
            {name: rows.to(run.device) for name, rows in lengths.get(split, NOTHING_MORE).items()},
            batch_size=spec.batch_size,
            seed=run.seed if spec.shuffle and is_training else None,
            drop_last=spec.drop_last and is_training,
            weights=None if weights is None else run.moved(_some_weight(weights[split], split, sources[split])),
            sampler=sampler if is_training else None,
        )
    if not len(batches["training"]):
        drawn = batches["training"].rows_per_epoch
        message = f"`drop_last` leaves no batch: there are only {drawn} rows."
        raise DataError(message, file=sources["training"], option=("drop_last",))
    example = batches["training"].all.slice(0, 2).changed(lambda tensor: tensor.clone())
    numbers = None if row_numbers is None else RowNumbers(row_numbers)
    return Data(
        training=batches["training"],
        validation=batches.get("validation"),
        test=batches.get("test"),
        example=example,
        targets=known,
        row_numbers=numbers,
        left_out=left_out,
        preparation=preparation,
        dropped=dropped,
        columns=columns,
        examples=examples,
        kept=kept,
    )


def _some_weight(weights: "Tensor", split: str, source: str) -> "Tensor":
    """Return the weights. Raise a `DataError` if all are 0."""
    if len(weights) and not bool(weights.any()):
        raise DataError(f"All rows of the {split} split have the weight 0.", file=source)
    return weights


def encode(
    targets: Mapping[str, Mapping[str, Columns]],
    loss: TargetEncodings,
    sources: Mapping[str, str],
    classes: Mapping[str, Sequence[str | int]] = NOTHING_MORE,
) -> "tuple[dict[str, dict[str, Tensor]], dict[str, Target]]":
    """Encode the targets of each split for the loss, and return what the training split says about each target.

    Raises:
        DataError: If the targets of a split cannot be encoded; the message names the source of that split.
        MismatchError: If the loss does not take these targets.

    """
    try:
        encodings = dict(loss.encodings(targets["training"]))
        for name, given in classes.items():
            encodings[name] = encodings[name].with_classes(given, loss.name_for(name))
    except ValueError as error:
        path = error.path if isinstance(error, OptionError) else ()
        raise MismatchError(str(error), ("data", "targets", *path), id="unfit-targets") from None
    encoded: dict[str, dict[str, Tensor]] = {}
    split = "training"
    try:
        known = {
            name: encoding.learn(_taken(targets[split][name], encoding), loss.name_for(name))
            for name, encoding in encodings.items()
        }
        for split, columns in targets.items():
            encoded[split] = {
                name: encoding.apply(_taken(columns[name], encoding), known[name], loss.name_for(name), split)
                for name, encoding in encodings.items()
            }
        for name, encoding in encodings.items():
            if (counts := counts_of(encoding, encoded["training"][name], known[name])) is not None:
                known[name] = evolve(known[name], counts=counts, rows=len(encoded["training"][name]))
    except DataError as error:
        raise error.changed(file=sources[split]) from None
    return encoded, known


def _taken(columns: Columns, encoding: Encoding) -> Columns:
    """Return the columns of a target as its encoding takes them."""
    import numpy

    if encoding.takes_text_cells:
        return columns
    return {name: numpy.asarray(cells) for name, cells in columns.items()}


def warn_of_merged(encoded: "Mapping[str, Tensor]", known: Mapping[str, Target], run: Destination, source: str) -> None:
    """Warn about targets whose distinct numbers become equal in the run's dtype."""
    for name, rows in encoded.items():
        if not rows.is_floating_point() or rows.dim() != 2 or known[name].shape:
            continue
        if bool((rows.to(run.dtype) == rows).all()):
            continue
        if merged := merged_columns(rows.numpy(), rows.to(run.dtype).numpy()):
            dtype = str(run.dtype).removeprefix("torch.")
            sentence = merged[0].sentence(known[name].columns[merged[0].column], dtype, len(merged) - 1)
            remedy = 'set `dtype = "float64"` in [run], or subtract a constant from the target in the file.'
            warnings.warn(HooklineWarning(f"{source}: {sentence} {remedy}", id="merged-numbers"), stacklevel=3)
