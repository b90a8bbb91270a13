"""The lines of targets that are transformed."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from hookline.script import Script, refuse_other_options

if TYPE_CHECKING:
    from hookline_columns.base import NumberColumn

LINEAR = '''
def in_unit(numbers):
    """Return numbers of the transformed target in their original unit."""
    return (EXPRESSION).to(numbers)
'''


class TargetLines:
    """Writes the lines that transform the column of a target, whose cells are a variable."""

    def __init__(self, kind: "NumberColumn", script: Script, cells: str, training: str, options: Collection[str]):
        """Take the kind, and the options that its lines have."""
        refuse_other_options(kind, {*options, *(["missing"] if kind.drops_missing else [])})
        script.use("import numpy as np")
        self._script, self._cells, self._training = script, cells, training

    def add(self, *lines: str) -> None:
        """Add lines, in which `{known}` are the numbers of the training rows, and `{training}` these rows."""
        known = f"{self._cells}[{self._training}].astype(np.float64)"
        text = "\n".join(line.replace("{known}", known).replace("{training}", self._training) for line in lines)
        self._script.add("prepare", text, apart=False)

    def undo(self, source: str) -> str:
        """Add the function that returns numbers in their original unit, and return its name."""
        return self._script.define(source)

    def undo_by(self, expression: str) -> str:
        """Do the same, given the expression of `numbers`, in float64."""
        return self.undo(LINEAR.replace("EXPRESSION", expression.replace("numbers", "numbers.double()")))
