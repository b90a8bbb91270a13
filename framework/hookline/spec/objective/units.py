"""The original unit of targets that the loss sees transformed, such as standardized."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from hookline.data.batches import NOTHING_MORE
from hookline.data.numerics import in_float64
from hookline.data.targets.encoding import Target
from hookline.spec.families.data import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

Undo = Mapping[str, "Callable[[Tensor], Tensor] | None"]
"""For each target the function that returns its numbers in the original unit; `None` if it is not transformed."""


def undoing(data: DataSpec, targets: Mapping[str, Target]) -> Undo:
    """Return how to undo the transformation of each target; nothing if no target is transformed."""
    if not any(target.transforms for target in targets.values()):
        return NOTHING_MORE
    return {name: partial(_in_unit_of, data, target) if target.transforms else None for name, target in targets.items()}


def _in_unit_of(data: DataSpec, target: Target, numbers: "Tensor") -> "Tensor":
    """Return numbers `(N, columns)` or `(N,)` in the unit of the target: computed in float64, in their own type."""
    columns = in_float64(numbers).reshape(numbers.shape[0], len(target.columns))
    return data.in_unit_of(target, columns).to(numbers).reshape(numbers.shape)
