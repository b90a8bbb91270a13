"""Count the classes or labels of the training rows, for weights that balance them."""

from typing import TYPE_CHECKING

from hookline.data.targets.encoding import Encoding, Target

if TYPE_CHECKING:
    from torch import Tensor


def counts_of(encoding: Encoding, encoded: "Tensor", known: Target) -> tuple[int, ...] | None:
    """Return `Target.counts` from the encoded target of the training rows; `None` for numbers and probabilities.

    Negative indices are padding.
    """
    if encoding.kind == "classes" and known.classes is not None and not encoded.is_floating_point():
        return _bins(encoded, len(known.classes))
    if encoding.kind != "labels":
        return None
    if not encoded.is_floating_point():
        return _bins(encoded, len(known.classes or ()))
    holds = encoded > 0
    if bool(((encoded != encoded.max()) & holds).any()):
        return None  # Probabilities.
    if known.classes is not None and len(known.columns) == 1:
        true = int(holds.sum())
        return encoded.numel() - true, true
    return tuple(holds.reshape(len(encoded), -1).sum(dim=0).tolist())


def _bins(indices: "Tensor", classes: int) -> tuple[int, ...]:
    flat = indices.flatten()
    return tuple(flat[flat >= 0].bincount(minlength=classes)[:classes].tolist())
