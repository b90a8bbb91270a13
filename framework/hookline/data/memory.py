"""Data that is held in memory: from the tensors and target columns of each split to what a data source answers with."""

import warnings
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from hookline.data.batches import NOTHING_MORE, Data, TensorBatches
from hookline.data.precision import merged_columns
from hookline.data.targets.encoding import Columns, Encoding, Target
from hookline.errors.exceptions import DataError, HooklineWarning, MisfitError, OptionError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Splits = Mapping[str, Mapping[str, Any]]
"""Of each split, "training" and perhaps "validation" and "test", something by name."""


class Batching(Protocol):
    """The options of a data source that say what its batches are."""

    @property
    def batch_size(self) -> int:
        """The rows of a batch."""

    @property
    def shuffle(self) -> bool:
        """Whether the training rows have a new order in each epoch."""

    @property
    def drop_last(self) -> bool:
        """Whether a last training batch with fewer rows is skipped."""


class Destination(Protocol):
    """Where the tensors of a run are, as far as `hookline.Run` says it."""

    device: "torch.device"

    @property
    def dtype(self) -> "torch.dtype":
        """The type of floating-point numbers."""

    @property
    def seed(self) -> int:
        """The seed."""

    def moved(self, tensor: "Tensor") -> "Tensor":
        """The tensor on the device, in the type of the run if it has floating-point numbers."""


class TargetEncodings(Protocol):
    """What `hookline.spec.LossSpec` says of its targets."""

    def encodings(self, targets: Collection[str]) -> Mapping[str, Encoding]:
        """How each of the targets of these names is encoded."""


def in_memory(
    spec: Batching,
    run: Destination,
    loss: TargetEncodings,
    inputs: "Mapping[str, Mapping[str, Tensor]]",
    targets: Mapping[str, Mapping[str, Columns]],
    *,
    lengths: "Mapping[str, Mapping[str, Tensor]]" = NOTHING_MORE,
    preparation: Mapping[str, Any] = NOTHING_MORE,
    source: str | Mapping[str, str] = "data",
) -> Data:
    """The data on the run's device, in batches as the spec says, with targets encoded as the loss wants them.

    Floating-point inputs and targets get the type of the run.

    Args:
        spec: the data source, which knows the size and order of the batches.
        run: the run, which knows seed and device.
        loss: the loss, which knows how its targets are encoded.
        inputs: of each split, the groups of inputs by name, each of shape `(N, …)`.
        targets: of each split, the columns of each target by name.
        lengths: of each split, the lengths of inputs that are padded sequences, int64 of shape `(N,)`.
        preparation: how each group of inputs was made of a row of the source, as `Data.preparation`.
        source: what messages call it, such as the path of the file; or of each split what messages call it.

    Raises:
        DataError: if the targets cannot be encoded, or if there are no batches.
        MisfitError: if the loss does not take these targets.

    """
    sources = dict.fromkeys(inputs, source) if isinstance(source, str) else source
    encoded, known = encode(targets, loss, sources)
    _warn_of_merged(encoded["training"], known, run, sources["training"])
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
        )
    rows = batches["training"].rows
    if not rows:
        raise DataError("There are no rows.", file=sources["training"])
    if not len(batches["training"]):
        message = f"With `drop_last` no batch is left: there are {rows} rows."
        raise DataError(message, file=sources["training"], option=("drop_last",))
    example = batches["training"].all.slice(0, 2).changed(lambda tensor: tensor.clone())
    return Data(**batches, example=example, targets=known, preparation=preparation)


def encode(
    targets: Mapping[str, Mapping[str, Columns]], loss: TargetEncodings, sources: Mapping[str, str]
) -> "tuple[dict[str, dict[str, Tensor]], dict[str, Target]]":
    """The targets of each split as the loss wants them, and what the training split says of each.

    Raises:
        DataError: if the targets of a split cannot be encoded; names the source of that split.

    """
    called = type(loss).__name__
    encodings = target_encodings(loss, targets["training"])
    encoded: dict[str, dict[str, Tensor]] = {}
    split = "training"
    try:
        known = {name: encoding.learn(targets[split][name], called) for name, encoding in encodings.items()}
        for split, columns in targets.items():
            encoded[split] = {
                name: encoding.apply(columns[name], known[name], called, split) for name, encoding in encodings.items()
            }
    except DataError as error:
        raise error.changed(file=sources[split]) from None
    return encoded, known


def _warn_of_merged(
    encoded: "Mapping[str, Tensor]", known: Mapping[str, Target], run: Destination, source: str
) -> None:
    """Warn of targets whose different numbers become equal in the type of the run."""
    for name, rows in encoded.items():
        if not rows.is_floating_point() or rows.dim() != 2 or bool((rows.to(run.dtype) == rows).all()):
            continue
        if merged := merged_columns(rows.numpy(), rows.to(run.dtype).numpy()):
            dtype = str(run.dtype).removeprefix("torch.")
            sentence = merged[0].sentence(known[name].columns[merged[0].column], dtype, len(merged) - 1)
            remedy = 'set `dtype = "float64"` in [run], or subtract a constant from the target in the file.'
            warnings.warn(HooklineWarning(f"{source}: {sentence} {remedy}", id="merged-numbers"), stacklevel=3)


def target_encodings(loss: TargetEncodings, targets: Collection[str]) -> Mapping[str, Encoding]:
    """How the loss wants each of the targets of these names: a source can ask before it reads them.

    Raises:
        MisfitError: if the loss does not take these targets.

    """
    try:
        return loss.encodings(targets)
    except ValueError as error:
        path = error.path if isinstance(error, OptionError) else ()
        raise MisfitError(str(error), ("data", "targets", *path), id="unfit-targets") from None
