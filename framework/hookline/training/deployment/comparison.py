"""Compare the predictions of a deployed model with those of the model in memory."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import DeploymentError
from hookline.errors.text import counted

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

MOST_ROUNDING = 1e-5
"""The largest rounding error of the model in memory that a deployed model may have, too."""


@frozen(kw_only=True)
class Comparison:
    """The comparison of a deployed model with the model in memory."""

    reader: str
    """What has read the deployed model, such as "onnxruntime 1.32.0"."""
    rows: int
    """The number of rows for which both have predicted the same."""
    refused: int = 0
    """The number of further rows that both refuse, such as those with an unseen category where this is an error."""
    largest_difference: float
    """The largest difference of two predicted numbers; of numbers above 1, relative to the largest of their column."""
    rounding: float = 0.0
    """The largest difference of the model in memory to the same model computed in float64, if it was needed."""

    def __str__(self) -> str:
        """The comparison as a sentence."""
        rounding = f", where that from float64 is {self.rounding:.2g}" if self.rounding else ""
        refused = f" Both refuse {counted(self.refused, 'row')} with missing or unseen cells." if self.refused else ""
        return (
            f"The largest difference from the model in memory is {self.largest_difference:.2g} on "
            f"{counted(self.rows, 'row')}{rounding} ({self.reader}).{refused}"
        )


def compared(
    expected: "Mapping[str, pyarrow.Array]",
    found: "Mapping[str, pyarrow.Array]",
    *,
    tolerance: float,
    reader: str,
    exact: "Callable[[], Mapping[str, pyarrow.Array] | None]" = lambda: None,
) -> Comparison:
    """Compare predictions, as columns by name, in which rows that are refused are null.

    Args:
        expected: the predictions of the model in memory.
        found: those of the deployed model, with at least one of these columns.
        tolerance: the largest difference of numbers that is accepted. Everything else must be equal.
        reader: what has read the deployed model.
        exact: returns the predictions of the model in memory, computed in float64. Numbers that differ by more than the
            tolerance are also accepted if they are as near to these: two models that round float32 differ in other
            directions, the more the larger their outputs are.

    Raises:
        DeploymentError: If they differ, or if there is nothing to compare.

    """
    from pyarrow import compute, types

    largest, refused, rows, rounding = 0.0, 0, 0, 0.0
    for name, values in found.items():
        wanted = expected[name]
        is_null, are_wrong = _mask(wanted.is_null()), _mask(wanted.is_null()) != _mask(values.is_null())
        if are_wrong.any():
            row = int(are_wrong.argmax())
            which = ("the model in memory", "the deployed model")[int(is_null[row])]
            raise DeploymentError(f"Of {len(is_null)} example rows, only {which} predicts row {row + 1}.")
        rows, refused = int((~is_null).sum()), int(is_null.sum())
        if not rows:
            break
        one, other = _flat(wanted), _flat(values)
        if len(one) != len(other):
            raise DeploymentError(f'"{name}" has {len(other):,} values in the deployed model, but {len(one):,} here.')
        if types.is_floating(one.type):
            difference = _difference(one, other)
            is_near = difference <= tolerance
            if not is_near and tolerance and (known := exact()) is not None:
                own = _difference(_flat(known[name]), one)
                is_near = _difference(_flat(known[name]), other) <= max(tolerance, min(own, MOST_ROUNDING))
                rounding = max(rounding, own)
            if not is_near:
                advice = " To accept this, set `tolerance`." if tolerance else ""
                raise DeploymentError(
                    f'"{name}" differs by {difference:.2g} from that of the model in memory, more than {tolerance:.2g}.'
                    + advice
                )
            largest = max(largest, difference)
            continue
        are_equal = _mask(compute.equal(one, other.cast(one.type)))
        if not are_equal.all():
            place = int(are_equal.argmin())
            raise DeploymentError(
                f'"{name}" is {other[place].as_py()!r} in the deployed model, but {one[place].as_py()!r} in memory, in '
                f"the readable example row {place * rows // len(one) + 1}."
            )
    if not rows:
        raise DeploymentError("The model in memory predicts none of the example rows, so there is nothing to compare.")
    return Comparison(reader=reader, rows=rows, refused=refused, largest_difference=largest, rounding=rounding)


def compared_tensors(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise a `DeploymentError` unless tensors by name, such as weights that were read back, are the same bits."""
    for name, tensor in expected.items():
        if name not in found or found[name].dtype != tensor.dtype or not found[name].equal(tensor.to(found[name])):
            raise DeploymentError(f'"{name}" is not what was written.')


def _flat(values: "pyarrow.Array") -> "pyarrow.Array":
    """Return the values that are not null; those of lists next to each other."""
    from pyarrow import types

    values = values.drop_null()
    while types.is_list(values.type) or types.is_large_list(values.type) or types.is_fixed_size_list(values.type):
        values = values.flatten()
    return values


def _difference(one: "pyarrow.Array", other: "pyarrow.Array") -> float:
    """Return the largest difference of two columns of numbers, relative to their scale if it is above 1."""
    import numpy

    first, second = (values.to_numpy(zero_copy_only=False).astype("float64") for values in (one, other))
    scale = max(1.0, float(numpy.abs(first).max(initial=0.0)))
    return float(numpy.nan_to_num(numpy.abs(first - second), nan=numpy.inf).max(initial=0.0)) / scale


def _mask(truths: "pyarrow.Array") -> "NDArray[Any]":
    mask: NDArray[Any] = truths.to_numpy(zero_copy_only=False)
    return mask
