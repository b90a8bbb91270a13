"""Weights that balance classes or labels, from their counts in the training rows."""

from typing import Any, Literal

from hookline.data import Data, Target
from hookline.errors import MismatchError, enumerate_names

Balanced = Literal["balanced"]


def balanced_weight(target: Target, ignored: int | None) -> tuple[float, ...]:
    """Return the weight rows / (classes * rows of the class) of each class, as scikit-learn's "balanced" does.

    Rows of the class with the index `ignored` are not counted; its weight is 1.

    Raises:
        MismatchError: If the data does not have the counts, or if a class has no training rows.

    """
    counts, classes = target.counts, target.classes
    if counts is None or classes is None or len(counts) != len(classes):
        raise _unknown(target, "weight", "one class per row")
    counted = [count for index, count in enumerate(counts) if index != ignored]
    if missing := [name for index, name in enumerate(classes) if not counts[index] and index != ignored]:
        message = f'{enumerate_names(missing)} of "{", ".join(target.columns)}" does not occur in the training split'
        raise MismatchError(f'{message}, so that weight = "balanced" has no weight for it.', ("loss", "weight"))
    share = sum(counted) / len(counted)
    return tuple(1.0 if index == ignored else share / count for index, count in enumerate(counts))


def balanced_pos_weight(target: Target) -> tuple[float, ...]:
    """Return negatives / positives of each target column in the training rows.

    Raises:
        MismatchError: If the data does not have the counts, or if a label is never true.

    """
    counts, rows = target.counts, target.rows
    if counts is None or rows is None:
        raise _unknown(target, "pos_weight", "0 or 1 in each column")
    positives = counts[1:] if target.classes is not None and len(target.columns) == 1 else counts
    if never := [column for column, true in zip(target.columns, positives, strict=True) if not true]:
        message = f'{enumerate_names(never)} is never 1 in the training split, so that pos_weight = "balanced" has no '
        raise MismatchError(f"{message}weight for it.", ("loss", "pos_weight"))
    return tuple((rows - true) / true for true in positives)


def with_balanced(arguments: dict[str, Any], data: Data, ignored: int | None) -> dict[str, Any]:
    """Return the arguments of a criterion with numbers instead of "balanced"."""
    made = dict(arguments)
    if made.get("weight") == "balanced":
        made["weight"] = balanced_weight(data.target, ignored)
    if made.get("pos_weight") == "balanced":
        made["pos_weight"] = balanced_pos_weight(data.target)
    return made


def _unknown(target: Target, option: str, needs: str) -> MismatchError:
    column = ", ".join(target.columns)
    return MismatchError(
        f'{option} = "balanced" needs {needs} in the training rows, but "{column}" has probabilities, or its data '
        f"source does not count them. Write the numbers instead.",
        ("loss", option),
    )
