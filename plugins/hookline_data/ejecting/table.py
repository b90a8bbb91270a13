"""The lines that read, split and prepare a table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hookline.errors import MismatchError
from hookline.script import (
    BatchNames,
    Code,
    Script,
    cannot_be_written,
    literal,
    refuse_inherited_lines,
    refuse_other_options,
)
from hookline_data.ejecting.batches import add_batches
from hookline_data.ejecting.names import variable
from hookline_data.ejecting.read_file import add_file
from hookline_data.ejecting.splits import add_splits
from hookline_data.ejecting.standardize import add_standardized
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.layout.targets import classes_of
from hookline_data.rows.make_batches import layout_of

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline.spec import Objective
    from hookline_data.table import Table

OPTIONS = {
    *("type", "path", "inputs", "targets", "dtype", "shape", "standardize", "columns", "classes", "id_columns"),
    *("batch_size", "shuffle", "drop_last", "validation", "test", "stratify", "split_seed", "split_column"),
    *("split_values", "folds", "fold", "group_column", "time_column", "gap", "quantiles", "multiline"),
    *(
        "delimiter",
        "quote_char",
        "decimal_point",
        "missing_marks",
        "encoding",
        "header",
        "names",
        "skip_rows",
        "skipfooter",
    ),
}
"""The options that are written as lines, or have none because they change nothing that is trained."""

MOST_LISTED = 8
"""The largest number of columns that are listed, if a shorter way to select them exists."""


def eject_table(table: "Table", script: Script, data: "Data", objective: "Objective") -> BatchNames:
    """Add the lines of a table, and return the names of a batch."""
    source: Any = table.together()
    refuse_other_options(source, OPTIONS)
    lines = TableLines(source, script, data, objective)
    return lines.add()


PADDED = '''
def padded(rows, dtype):
    """Return rows of numbers as an array, padded with 0 to the same length."""
    made = np.zeros((len(rows), max(map(len, rows))), dtype=dtype)
    for row, numbers in zip(made, rows, strict=True):
        row[: len(numbers)] = numbers
    return made
'''


class TableLines:
    """Writes the lines of a table."""

    def __init__(self, table: "Table", script: Script, data: "Data", objective: "Objective"):
        """Take the table, and the data that it returned."""
        self.table, self.script, self.data, self.objective = table, script, data, objective
        self.layout: Layout = layout_of(table, objective, script.dtype)
        if self.layout.is_siamese and any(group.standardize for group in self.layout.inputs.values()):
            raise cannot_be_written("Statistics that groups of inputs share have no lines.", ("standardize",))
        self._cells: dict[str, str] = {}
        self.lengths: dict[str, str] = {}
        """The tensor with the lengths of each group of sequences."""
        self.rows = "len(table)"

    def add(self) -> BatchNames:
        """Add all lines."""
        self.script.use("import numpy as np")
        self.file = add_file(self.table, self.script, self.layout)
        targets = {column: self.cells(column) for columns in self.layout.targets.values() for column in columns}
        first = next((columns[0] for columns in self.layout.targets.values()), None)
        add_splits(self.script, self.table, self.rows, self.cells, first)
        inputs: dict[str, str] = {}
        if len(self.layout.inputs) > 1:
            self.script.add("prepare", "inputs = {}")
        for name, group in self.layout.inputs.items():
            inputs[name] = self._input(name, group)
        names: dict[str, str] = {}
        if len(self.layout.targets) > 1:
            self.script.add("prepare", "targets = {}")
        encodings = dict(self.layout.encodings)
        for name, given in classes_of(self.table.classes, self.layout.targets).items():
            encodings[name] = encodings[name].with_classes(given, "")
        undo: dict[str, str] = {}
        for name, columns in self.layout.targets.items():
            names[name] = "targets" if len(self.layout.targets) == 1 else f"targets[{literal(name)}]"
            cells = {column: targets[column] for column in columns}
            cells |= self._transformed_targets(name, columns, cells, undo)
            known = self.data.targets[name]
            expression = encodings[name].eject(self.script, cells, known, 'splits["training"]')
            self.script.add("prepare", f"{names[name]} = {self.script.moved(expression)}", apart=False)
        add_batches(self.script, self.table, [*inputs.values(), *names.values(), *self.lengths.values()])
        lengths = {name: "steps" if len(inputs) == 1 else variable(f"steps_{name}") for name in self.lengths}
        training = {name: f'{tensor}[splits["training"]]' for name, tensor in inputs.items()}
        inputs = {name: "x" if len(inputs) == 1 else variable(f"x_{name}") for name in inputs}
        names = {name: "y" if len(names) == 1 else variable(f"y_{name}") for name in names}
        is_distribution = any(
            target.classes is not None and len(target.columns) > 1 for target in self.data.targets.values()
        ) and all(rows.is_floating_point() for rows in self.data.example.targets.values())
        return BatchNames(
            inputs=inputs,
            targets=names,
            lengths=lengths,
            training=training,
            undo=undo,
            is_distribution=is_distribution,
        )

    def cells(self, column: str) -> str:
        """Return the variable with the cells of a column as a NumPy array, and define it when it is first used."""
        if column not in self._cells:
            name = variable(column, (*self._cells.values(), "x", "y"))
            self.script.add("read", f"{name} = {self.file.array(column)}", apart=False)
            self._cells[column] = name
        return self._cells[column]

    def _transformed_targets(
        self, name: str, columns: Sequence[str], cells: dict[str, str], undo: dict[str, str]
    ) -> dict[str, str]:
        kinds = [column for column in columns if column in self.layout.target_kinds]
        if not kinds:
            return {}
        if len(columns) > 1 or len(self.layout.targets) > 1:
            raise cannot_be_written("Several targets with kinds have no lines.", ("columns", kinds[0]))
        kind = self.layout.target_kinds[kinds[0]]
        fitted = self.data.targets[name].transforms[kinds[0]]["fitted"]
        with located("columns", kind.pattern):
            made, undo[name] = kind.spec.eject_target(self.script, cells[kinds[0]], 'splits["training"]', fitted)
        self.script.add("prepare", f"{cells[kinds[0]]} = {made}", apart=False)
        return {}

    def _input(self, name: str, group: InputColumns) -> str:
        """Add the lines of a group of inputs, and return the variable of its tensor."""
        script, alone = self.script, len(self.layout.inputs) == 1
        made = "inputs" if alone else f"inputs[{literal(name)}]"
        if group.kinds:
            return self._with_kinds(name, group, made)
        if name in self.data.example.lengths:
            return self._sequences(name, group, made)
        numbers = self._matrix(name, group, alone=alone)
        if group.standardize:
            statistics = self.data.preparation[name]
            numbers = add_standardized(script, numbers, statistics, 'splits["training"]')
        kind = "int64" if group.dtype == "int64" else group.dtype
        tensor = f"torch.from_numpy({numbers}.astype(np.{kind}))"
        if group.shape is not None:
            tensor = f"{tensor}.reshape(-1, {', '.join(map(str, group.shape))})"
        script.add("prepare", f"{made} = {script.moved(tensor)}", apart=False)
        return made

    def _with_kinds(self, name: str, group: InputColumns, made: str) -> str:
        """Add the lines of a group with kinds of columns, and return its tensor."""
        if group.standardize or group.shape is not None or name in self.data.example.lengths:
            raise cannot_be_written("This beside kinds of columns has no lines.", ("columns",))
        parts = []
        for column in group.columns:
            if column not in group.kinds:
                parts.append(f"{self.file.array(column)},")
                continue
            kind = group.kinds[column]
            fitted = self.data.preparation[name]["kinds"][column]["fitted"]
            with located("columns", kind.pattern):
                refuse_inherited_lines(kind.spec)
                code = kind.spec.eject(self.script, self.file.column(column), 'splits["training"]', fitted)
            parts.append(f"{code},")
        self.script.add("prepare", "\n".join(["parts = [", *(f"    {part}" for part in parts), "]"]))
        tensor = f"torch.from_numpy(np.column_stack(parts).astype(np.{group.dtype}))"
        self.script.add("prepare", f"{made} = {self.script.moved(tensor)}", apart=False)
        return made

    def _sequences(self, name: str, group: InputColumns, made: str) -> str:
        """Add the lines of a group of padded sequences, and of their lengths, and return its tensor."""
        if group.standardize or self.data.example.inputs[name].dim() > 2:
            raise cannot_be_written("Such sequences have no lines.", ("inputs",))
        [column] = group.columns
        cells = variable(column, self._cells.values())
        lengths = "lengths" if len(self.layout.inputs) == 1 else f"{cells}_lengths"
        self.lengths[name] = lengths
        self.script.add("read", f"{cells} = {self.file.lists(column)}", apart=False)
        padded = self.script.define(PADDED)
        tensor = f"torch.from_numpy({padded}({cells}, np.{group.dtype}))"
        self.script.add("prepare", f"{made} = {self.script.moved(tensor)}", apart=False)
        known = f"torch.tensor([len(row) for row in {cells}])"
        self.script.add("prepare", f"{lengths} = {self.script.moved(known)}", apart=False)
        return made

    def _matrix(self, name: str, group: InputColumns, *, alone: bool) -> str:
        """Define the matrix of the cells of a group of columns, and return its variable."""
        script, columns = self.script, group.columns
        made = "features" if alone else f"{variable(name)}_features"
        if len(columns) == 1:
            script.add("read", f"{made} = {self.file.array(columns[0])}.reshape(len(table), -1)", apart=False)
            return made
        chosen = self._chosen(columns)
        made_of = f"[{self.file.array(Code('name'))} for name in {chosen}]"
        script.add("read", f"{made} = np.column_stack({made_of})", apart=False)
        return made

    def _chosen(self, columns: Sequence[str]) -> str:
        """Return an expression of the names of columns: a list, or a condition if they are many."""
        if len(columns) <= MOST_LISTED:
            self.script.add("read", f"columns = {literal(list(columns))}", apart=False)
            return "columns"
        every = self.file.names
        others = [name for name in every if name not in columns]
        if len(others) <= MOST_LISTED:
            if not others:
                return "table.column_names"
            condition = f"name != {literal(others[0])}" if len(others) == 1 else f"name not in {literal(tuple(others))}"
        else:
            prefix = _prefix(columns)
            if not prefix or any(name.startswith(prefix) for name in others):
                return literal(list(columns))
            condition = f"name.startswith({literal(prefix)})"
        self.script.add("read", f"columns = [name for name in table.column_names if {condition}]", apart=False)
        return "columns"


@contextmanager
def located(*path: str) -> Iterator[None]:
    """Add the path of an option to the error about what has no lines."""
    try:
        yield
    except MismatchError as error:
        raise error.within(*path) from error.__cause__


def _prefix(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    size = next(
        (index for index, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    return first[:size]
