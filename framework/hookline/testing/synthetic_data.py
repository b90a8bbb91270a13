"""Synthetic rows, with targets for any loss."""

from typing import TYPE_CHECKING, Any, Literal

from hookline.data.data import Data
from hookline.data.memory import in_memory
from hookline.plugins.stages import Run
from hookline.spec.families.data import DataSpec
from hookline.spec.objective.objective import Objective
from hookline.spec.options import option, spec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline.data.targets.encoding import Columns

Targets = Literal["numbers", "classes", "binary", "signs", "labels", "distribution", "none"]

ROWS = {"training": 24, "validation": 12}
CLASSES = 3
INDICES = 10
"""The number of different indices, if inputs are indices."""


@spec
class Synthetic(DataSpec):
    """Random inputs, with targets that depend on their first number."""

    groups: tuple[str, ...] = ("input",)
    """The names of the groups of inputs."""
    shape: tuple[int, ...] = (6,)
    """The shape of a row."""
    integers: bool = False
    """Whether the inputs are indices from 0 to 9 instead of numbers."""
    targets: Targets = "numbers"
    """The type of the targets."""
    batch_size: int = option(default=8, minimum=1)
    """The number of rows in a batch."""

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Draw the rows."""
        import numpy
        import torch

        generator = numpy.random.default_rng(0)
        inputs = {}
        targets: dict[str, dict[str, Columns]] = {}
        for split, rows in ROWS.items():
            shape = (rows, *self.shape)
            drawn = {
                group: generator.integers(0, INDICES, shape)
                if self.integers
                else generator.standard_normal(shape, dtype=numpy.float32)
                for group in self.groups
            }
            inputs[split] = {group: torch.from_numpy(numbers) for group, numbers in drawn.items()}
            first = drawn[self.groups[0]].reshape(rows, -1)[:, 0]
            columns = self._columns(first.argsort().argsort() / rows)
            targets[split] = {"target": columns} if columns else {}
        width = self.shape[0]
        known = {group: {"cardinalities": [INDICES] * width} for group in self.groups} if self.integers else {}
        return in_memory(self, run, loss, inputs, targets, preparation=known)

    def _columns(self, ranks: "NDArray[Any]") -> "Columns":
        """The target columns of rows with these ranks, from 0 to 1; each class has the same number of rows."""
        import numpy

        classes = (ranks * CLASSES).astype(int)
        each = numpy.arange(CLASSES)[:, None] == classes
        if self.targets == "numbers":
            return {"number": ranks + 0.25}
        if self.targets == "classes":
            return {"class": numpy.array(["a", "b", "c"])[classes]}
        if self.targets == "binary":
            return {"holds": (ranks < 0.5).astype(int)}
        if self.targets == "signs":
            return {"sign": numpy.where(ranks < 0.5, -1, 1)}
        if self.targets == "labels":
            return {"not_a": 1 - each[0], "b": each[1].astype(int), "c": each[2].astype(int)}
        if self.targets == "distribution":
            return dict(zip("abc", 0.25 + 0.25 * each, strict=True))
        return {}
