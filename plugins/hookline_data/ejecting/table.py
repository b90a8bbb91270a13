"""The lines that read, split and prepare a table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.script import BatchNames, Script, literal, refuse_inherited_lines
from hookline_data.ejecting.batches import BatchLines
from hookline_data.ejecting.files.read_file import add_file
from hookline_data.ejecting.inputs import TRAINING, InputLines, located
from hookline_data.ejecting.names import variable
from hookline_data.ejecting.splits.add_splits import add_splits
from hookline_data.ejecting.streams import StreamLines
from hookline_data.layout.layout import Layout
from hookline_data.layout.targets import classes_of
from hookline_data.rows.make_batches import layout_of

if TYPE_CHECKING:
    from hookline.data import Data, Target
    from hookline.spec import Objective
    from hookline_data.table import Table

HELD = """
# The run reads the rows from the files again in each epoch, and shuffles them in pools. Here they are in memory.
"""

IN_UNITS = '''
def in_units(numbers):
    """Return numbers of the transformed targets in their original units."""
    columns = [FUNCTIONS]
    return torch.stack(columns, dim=1).to(numbers)
'''


def eject_table(table: "Table", script: Script, data: "Data", objective: "Objective") -> BatchNames:
    """Add the lines of a table, and return the names of a batch."""
    source: Any = table.together()
    lines = TableLines(source, script, data, objective)
    return lines.add()


class TableLines:
    """Writes the lines of a table."""

    def __init__(self, table: "Table", script: Script, data: "Data", objective: "Objective"):
        """Take the table, and the data that it returned."""
        self.table, self.script, self.data, self.objective = table, script, data, objective
        self.layout: Layout = layout_of(table, objective, script.dtype)
        self._cells: dict[str, str] = {}
        self.undo: dict[str, str] = {}
        """The function that returns numbers of each transformed target in their unit."""

    def add(self) -> BatchNames:
        """Add all lines."""
        script = self.script
        script.use("import numpy as np")
        self.file = add_file(self.table, script, self.layout)
        self.after_reading()
        for columns in self.layout.targets.values():
            for column in columns:
                self.cells(column)
        first = next((columns[0] for columns in self.layout.targets.values()), None)
        stream = StreamLines(self.table, script, self.data) if getattr(self.table, "stream", False) else None
        if stream is None:
            add_splits(script, self.table, self.file.known, self.cells, first)
        else:
            stream.add_splits(self.file.known, self.cells, first)
        tensors, lengths = self.inputs()
        targets = self._targets()
        batches = self.batches()
        batches.add_inputs(tensors)
        batches.add_targets(targets)
        batches.add_lengths(lengths)
        if self.table.weight_column is not None:
            batches.add_weights(self.cells(self.table.weight_column))
        if self.table.sampler is not None:
            weights = None if self.table.sample_weights is None else self.cells(self.table.sample_weights)
            batches.add_sampler(weights, next(iter(targets.values()), ""))
        if stream is not None:
            batches.set_epoch(stream.epoch())
            script.add("batches", HELD)
        return evolve(batches.add(), undo=self.undo, is_distribution=is_distribution(self.data))

    def after_reading(self) -> None:
        """Add lines after those that read the table."""

    def inputs(self) -> tuple[dict[str, str], dict[str, str]]:
        """Add the lines of the groups of inputs, and return their tensors, and those of the lengths of sequences."""
        return self.input_lines({})

    def input_lines(self, made: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Do the same, given the tensors of groups that are made already."""
        groups = InputLines(self.script, self.file, self.layout, self.data, made)
        return groups.add(), groups.lengths

    def batches(self) -> BatchLines:
        """Return what writes the function `batches`."""
        return BatchLines(self.table, self.script, self.data)

    def cells(self, column: str) -> str:
        """Return the variable with the cells of a column as a NumPy array, and define it when it is first used."""
        if column not in self._cells:
            name = variable(column, (*self._cells.values(), "x", "y", "w"))
            self.script.add("read", f"{name} = {self.file.array(column)}", apart=False)
            self._cells[column] = name
        return self._cells[column]

    def _targets(self) -> dict[str, str]:
        """Add the lines of the targets, and return the variable of each."""
        script, several = self.script, len(self.layout.targets) > 1
        if several:
            script.add("prepare", "targets = {}", apart=script.has("prepare"))
        encodings = dict(self.layout.encodings)
        for name, given in classes_of(self.table.classes, self.layout.targets).items():
            encodings[name] = encodings[name].with_classes(given, "")
        made = {}
        for name, columns in self.layout.targets.items():
            made[name] = f"targets[{literal(name)}]" if several else "targets"
            self._transform(name, columns)
            cells = {column: self.cells(column) for column in columns}
            expression = encodings[name].eject(script, cells, known_target(self.data, name), TRAINING)
            script.add("prepare", f"{made[name]} = {script.moved(expression)}", apart=False)
        return made

    def _transform(self, name: str, columns: Sequence[str]) -> None:
        """Add the lines that transform the columns of a target that have kinds."""
        undoing = {}
        for column in columns:
            if (kind := self.layout.target_kinds.get(column)) is None:
                continue
            cells, fitted = self.cells(column), self.data.targets[name].transforms[column]["fitted"]
            with located("columns", kind.pattern):
                refuse_inherited_lines(kind.spec, "eject_target")
                made, undoing[column] = kind.spec.eject_target(self.script, cells, TRAINING, fitted)
            if made != cells:
                self.script.add("prepare", f"{cells} = {made}", apart=False)
        if not any(undoing.values()):
            return
        if len(columns) == 1:
            self.undo[name] = undoing[columns[0]]
        else:
            parts = [f"numbers[:, {index}].double()" for index in range(len(columns))]
            parts = [
                f"{undoing[column]}({part})" if undoing.get(column) else part
                for column, part in zip(columns, parts, strict=True)
            ]
            self.undo[name] = self.script.define(IN_UNITS.replace("FUNCTIONS", ", ".join(parts)))


def is_distribution(data: "Data") -> bool:
    """Whether the only target is the probability of each class."""
    if len(data.targets) != 1:
        return False
    [target], [rows] = data.targets.values(), data.example.targets.values()
    return target.classes is not None and len(target.columns) > 1 and rows.is_floating_point()


def known_target(data: "Data", name: str) -> "Target":
    """Return what is known of a target, with the shape that its encoded rows have if they are dense."""
    known, rows = data.targets[name], data.example.targets[name]
    return evolve(known, shape=tuple(rows.shape[1:])) if rows.dim() > 2 and not known.shape else known
