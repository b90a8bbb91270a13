"""Count the classes or labels of the training rows, for weights that balance them."""

from typing import TYPE_CHECKING

from hookline.data.targets.encoding import Encoding, Target

if TYPE_CHECKING:
    from torch import Tensor


def counts_of(encoding: Encoding, encoded: "Tensor", known: Target) -> tuple[int, ...] | None:
    """Return `Target.counts` from the encoded target of the training rows; `None` for numbers and probabilities.

    Negative indices are padding.
    """
    if encoding.kind not in ("classes", "labels") or (known.classes is None and encoding.kind == "classes"):
        return None
    if encoded.is_floating_point():
        holds = encoded > 0
        if encoding.kind == "classes" or bool(((encoded != encoded.max()) & holds).any()):
            return None  # Probabilities.
    return counts_in(encoded, len(known.columns) if known.classes is None else len(known.classes))


def counts_in(encoded: "Tensor", number: int) -> tuple[int, ...]:
    """Return how often each of a number of classes or labels occurs in an encoded target.

    It has indices, labels of which a positive number is true in columns, or two classes encoded as labels.
    """
    if not encoded.is_floating_point():
        flat = encoded.flatten()
        known = flat if not len(flat) or int(flat.min()) >= 0 else flat[flat >= 0]
        return tuple(known.bincount(minlength=number)[:number].tolist())
    holds = encoded > 0
    if number == 2 and (encoded.dim() == 1 or encoded.shape[1] == 1):
        true = int(holds.sum())
        return encoded.numel() - true, true
    return tuple(holds.reshape(len(encoded), -1).sum(dim=0).tolist())
