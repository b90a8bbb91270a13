"""The lines that prepare the groups of inputs of a table."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hookline.errors import MismatchError
from hookline.script import Code, Script, cannot_be_written, literal, refuse_inherited_lines
from hookline_data.ejecting.files.read_file import ReadFile
from hookline_data.ejecting.names import variable
from hookline_data.ejecting.selected import MOST_LISTED, joined, selected
from hookline_data.ejecting.standardize import (
    STANDARDIZED,
    add_merged_statistics,
    add_shared_statistics,
    add_statistics,
)
from hookline_data.layout.layout import InputColumns, Layout

if TYPE_CHECKING:
    from hookline.data import Data

TRAINING = 'splits["training"]'

PADDED = '''
def padded(rows, dtype):
    """Return rows of numbers as an array, padded with 0 to the same length."""
    made = np.zeros((len(rows), max(map(len, rows))), dtype=dtype)
    for row, numbers in zip(made, rows, strict=True):
        row[: len(numbers)] = numbers
    return made
'''

PADDED_STEPS = '''
def padded(rows, dtype):
    """Return sequences of lists of numbers as an array, padded with 0 to the same length."""
    made = np.zeros((len(rows), max(map(len, rows)), SIZES), dtype=dtype)
    for row, steps in zip(made, rows, strict=True):
        row[: len(steps)] = steps
    return made
'''


class InputLines:
    """Writes the lines of the groups of inputs."""

    def __init__(self, script: Script, file: ReadFile, layout: Layout, data: "Data", made: Mapping[str, str]):
        """Take the file that was read, the roles of its columns, and the data that the source returned.

        `made` has the tensors of groups that are made already.
        """
        self.script, self.file, self.layout, self.data, self._given = script, file, layout, data, made
        self.lengths: dict[str, str] = {}
        """The tensor with the lengths of each group of sequences."""

    def add(self) -> dict[str, str]:
        """Add the lines of all groups, and return the variable of the tensor of each."""
        groups = self.layout.inputs
        if not self._is_single and len(self._given) < len(groups):
            self.script.add("prepare", "inputs = {}", apart=self.script.has("prepare"))
        shared = [name for name, group in groups.items() if group.is_standardized] if self.layout.is_siamese else []
        if len(shared) > 1:
            return self._shared(shared)
        return {name: self._group(name, group) for name, group in groups.items()}

    @property
    def _is_single(self) -> bool:
        """Whether a single group has lines."""
        return len(self.layout.inputs) - len(self._given) == 1

    def _made(self, name: str) -> str:
        return "inputs" if self._is_single else f"inputs[{literal(name)}]"

    def _features(self, name: str) -> str:
        return "features" if self._is_single else f"{variable(name)}_features"

    def _group(self, name: str, group: InputColumns) -> str:
        """Add the lines of a group of inputs, and return the variable of its tensor."""
        if name in self._given:
            return self._given[name]
        if name in self.data.example.lengths:
            return self._sequences(name, group)
        if self._has_parts(group):
            return self._tensor(name, group, self._of_parts(name, group))
        numbers = self._matrix(name, group)
        if group.standardize:
            if self.script.moments is not None:
                add_merged_statistics(self.script, numbers, self.data.preparation[name], TRAINING)
            else:
                add_statistics(self.script, f"{numbers}[{TRAINING}]", self.data.preparation[name])
            numbers = f"(({numbers} - means) / stds)"
        return self._tensor(name, group, numbers)

    def _shared(self, names: Sequence[str]) -> dict[str, str]:
        """Add the lines of groups, some of which share their statistics."""
        groups = self.layout.inputs
        if any(self._has_parts(groups[name]) or name in self.data.example.lengths for name in names):
            raise cannot_be_written("Statistics that such groups of inputs share have no lines.", ("standardize",))
        numbers = {name: self._matrix(name, groups[name]) for name in names}
        add_shared_statistics(self.script, list(numbers.values()), self.data.preparation[names[0]], TRAINING)
        return {
            name: self._tensor(name, group, f"(({numbers[name]} - means) / stds)")
            if name in numbers
            else self._group(name, group)
            for name, group in groups.items()
        }

    def _tensor(self, name: str, group: InputColumns, numbers: str) -> str:
        tensor = f"torch.from_numpy({numbers}.astype(np.{group.dtype}))"
        if group.shape is not None:
            tensor = f"{tensor}.reshape(-1, {', '.join(map(str, group.shape))})"
        self.script.add("prepare", f"{self._made(name)} = {self.script.moved(tensor)}", apart=False)
        return self._made(name)

    def _has_parts(self, group: InputColumns) -> bool:
        """Whether columns have kinds, or are lists beside others, so that each is written by itself."""
        return bool(group.kinds) or (len(group.columns) > 1 and any(map(self.file.is_nested, group.columns)))

    def _of_parts(self, name: str, group: InputColumns) -> str:
        """Add the lines of a group whose columns are prepared one by one, and return its matrix."""
        parts = {}
        for column in group.columns:
            if column in group.kinds:
                parts[column] = self._of_kind(name, group, column)
            elif group.standardize:
                parts[column] = f"{self.script.define(STANDARDIZED)}({self.file.array(column)}, {TRAINING})"
            else:
                parts[column] = self.file.array(column)
        lines = joined(parts, self.file.names)
        self.script.add("prepare", "\n".join(["parts = [", *(f"    {line}," for line in lines), "]"]))
        return "np.column_stack(parts)"

    def _of_kind(self, name: str, group: InputColumns, column: str) -> str:
        """Return the transformed cells of a column with a kind, as code."""
        kind = group.kinds[column]
        fitted = self.data.preparation[name]["kinds"][column]["fitted"]
        examples: Any = self.data.examples
        names = getattr(examples, "column_names", ())
        self.script.example = examples.column(column) if column in names else None
        with located("columns", kind.pattern):
            refuse_inherited_lines(kind.spec)
            return kind.spec.eject(self.script, self.file.column(column), TRAINING, fitted)

    def _sequences(self, name: str, group: InputColumns) -> str:
        """Add the lines of a group of padded sequences, and of their lengths, and return its tensor."""
        script = self.script
        [column] = group.columns
        cells = variable(column)
        lengths = "lengths" if len(self.layout.inputs) == 1 else f"{cells}_lengths"
        self.lengths[name] = lengths
        if column in group.kinds:
            script.add("prepare", f"{cells} = {self._of_kind(name, group, column)}", apart=script.has("prepare"))
        else:
            script.add("read", f"{cells} = {self.file.lists(column)}", apart=False)
        sizes = self.data.example.inputs[name].shape[2:]
        source = PADDED_STEPS.replace("SIZES", ", ".join(map(str, sizes))) if sizes else PADDED
        padded = script.define(source)
        known = f"torch.tensor([len(row) for row in {cells}])"
        if group.standardize:
            features = self._features(name)
            script.add("prepare", f"{features} = {padded}({cells}, np.float64)", apart=False)
            add_padded_statistics(script, features, f"[[len(row)] for row in {cells}]", self.data.preparation[name])
            made = (
                f"np.where(is_step, ({features} - means) / stds, 0)"
                if not sizes
                else (f"np.where(is_step[..., None], ({features} - means) / stds, 0)")
            )
            self._tensor(name, group, made)
        else:
            tensor = script.moved(f"torch.from_numpy({padded}({cells}, np.{group.dtype}))")
            script.add("prepare", f"{self._made(name)} = {tensor}", apart=False)
        script.add("prepare", f"{lengths} = {script.moved(known)}", apart=False)
        return self._made(name)

    def _matrix(self, name: str, group: InputColumns) -> str:
        """Define the matrix of the cells of a group of columns, and return its variable."""
        script, columns, made = self.script, group.columns, self._features(name)
        if len(columns) == 1:
            cells = f"{self.file.array(columns[0])}.reshape(len(table), -1)"
        else:
            chosen = self._chosen(columns)
            cells = f"np.column_stack([{self.file.array(Code('name'))} for name in {chosen}])"
        script.add("read", f"{made} = {cells}", apart=False)
        return made

    def _chosen(self, columns: Sequence[str]) -> str:
        """Return an expression of the names of columns."""
        every, condition = selected(columns, self.file.names)
        if not condition and len(columns) > MOST_LISTED:
            return every
        made = f"[name for name in {every}{condition}]" if condition else every
        self.script.add("read", f"columns = {made}", apart=False)
        return "columns"


def add_padded_statistics(script: Script, features: str, lengths: str, statistics: Any) -> None:
    """Add the lines that learn the statistics of padded sequences, given their lengths, `(N, 1)`, as code."""
    script.add("prepare", f"is_step = np.arange({features}.shape[1]) < {lengths}", apart=False)
    add_statistics(script, f"{features}[{TRAINING}][is_step[{TRAINING}]]", statistics)


@contextmanager
def located(*path: str) -> Iterator[None]:
    """Add the path of an option to the error about what has no lines."""
    try:
        yield
    except MismatchError as error:
        raise error.within(*path) from error.__cause__
