"""The options that tables of all file formats share, and the way from columns to batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve

from hookline import Run
from hookline.data import Data
from hookline.errors import DataError, MismatchError, OptionError, counted, did_you_mean, enumerate_names, quoted_cell
from hookline.spec import ColumnSpec, Objective, RawInputs, option, spec, to_json
from hookline_data.files import several
from hookline_data.files.several import Files
from hookline_data.layout import checks, kind_checks, targets as of_target
from hookline_data.layout.by_group import DType, Patterns, Standardize, named, of_group
from hookline_data.layout.kinds import Kind, kinds_of
from hookline_data.reading.columns import Chooser, Wanted
from hookline_data.rows.split_file import SplitFile

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor

    from hookline.data import DataDescription, RowBlock, Target

MOST_NAMED = 4
"""The largest number of text columns that a message names."""


@spec
class Table(SplitFile):
    """A file with one row per example and named columns, held in memory."""

    has_single_cells: ClassVar[bool] = False
    """Whether each cell is a single value, so that a row has as many numbers as columns."""

    inputs: Patterns | Mapping[str, Patterns] = "*"
    """The columns to use as inputs: names or patterns such as `pixel_*`, where `*` selects all remaining columns. A
    table defines several groups of inputs, such as `{ anchor = "a_*", positive = "p_*", negative = "n_*" }`."""
    targets: Patterns | Mapping[str, Patterns] | None = None
    """The column or columns to predict. A table defines several targets. Omit it for a loss that takes no target."""
    dtype: DType | Mapping[str, DType] | None = None
    """The type of the inputs, for all groups or by group. Use "int64" for indices into an embedding. Default: the
    `dtype` of [run]."""
    shape: tuple[int, ...] | Mapping[str, tuple[int, ...]] | None = option(default=None, minimum=1)
    """The shape of one row of inputs, such as `[1, 8, 8]` for an image in 64 columns, for all groups or by group.
    Default: one dimension."""
    standardize: Standardize = False
    """Scale each input column to mean 0 and variance 1 with the statistics of the training split, for all groups or by
    group. Groups to which the model is applied separately, such as `anchor` and `positive`, share the statistics of
    their first columns, of their second columns and so on, so that equal rows stay equal. With "together", all groups
    share them: use it for a model that applies the same layers to each group, such as `Siamese`."""

    columns: Mapping[str, ColumnSpec] | None = None
    """The kinds of input columns, by name or pattern: how cells become inputs, and what becomes of missing cells. If
    several entries match a column, the last one counts. A column without a kind must be a number in every row, and is
    used as it is, or according to `standardize`. An entry with the name of a target of numbers, such as
    `price = { type = "StandardScaler" }`, is what the loss compares; predictions and metrics are in the original
    unit."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits, groups and types that contradict each other."""
        yield from super().conflicts()
        yield from self._group_conflicts()
        yield from of_target.class_conflicts(self.classes, self.target_patterns)
        if self.stratify is True and not self.target_patterns:
            yield OptionError("stratify", "Stratifying needs the classes of a target, but there are no `targets`.")

    def _group_conflicts(self) -> Iterator[OptionError]:
        if not self.input_patterns:
            yield OptionError("inputs", "There must be at least one group of inputs.")
        for name, groups in (("inputs", self.input_patterns), ("targets", self.target_patterns)):
            for group, patterns in groups.items():
                if not patterns:
                    yield OptionError(name, "There must be at least one column.", *self._within(name, group))
        for name in ("dtype", "shape", "standardize"):
            given = getattr(self, name)
            for group in given if isinstance(given, Mapping) else ():
                if group not in self.input_patterns:
                    near = did_you_mean(group, self.input_patterns)
                    yield OptionError(name, f'There is no group of inputs "{group}".{near}', group, on_key=True)
        for group in self.input_patterns:
            if of_group(self.standardize, group, default=False) and of_group(self.dtype, group, None) == "int64":
                yield OptionError(
                    "standardize",
                    f'Integers cannot be standardized, but the inputs "{group}" have the type "int64".',
                    *self._within("standardize", group),
                )

    def _within(self, name: str, group: str) -> tuple[str, ...]:
        """Return the path of a group within an option."""
        return (group,) if isinstance(getattr(self, name), Mapping) else ()

    @property
    def input_patterns(self) -> Mapping[str, tuple[str, ...]]:
        """The names and patterns of each group of inputs; a single group is called "input"."""
        return named(self.inputs, "input")

    @property
    def target_patterns(self) -> Mapping[str, tuple[str, ...]]:
        """The names and patterns of each target; a single target is called "target"."""
        return named(self.targets, "target")

    def names_in_file(self, path: Path) -> list[str]:
        """Return the column names of a file.

        Raises:
            DataError: If the file cannot be read, or if two columns have the same name.

        """
        raise NotImplementedError

    def column_names(self, path: Path) -> list[str]:
        """Return the column names of a file, or of several with the same columns.

        Raises:
            DataError: If a file cannot be read, or if it has other columns than the first one.

        """
        first, *others = several.of(path)
        names = self.names_in_file(first)
        for other in others:
            several.refuse_other_columns(names, self.names_in_file(other), other, first)
        return names

    def advice_about(self, names: Sequence[str]) -> str:
        """Return the advice if a column is unknown because the names are probably none; empty otherwise."""
        return ""

    def advice_about_text(self, cell: str) -> str:
        """Return the advice about text that is a number in another notation; empty for other text."""
        return ""

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Return the columns that are certainly text, as far as a quick look can tell: row index from 0, and cell."""
        return {}

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read columns of a file. No cell is missing, unless it may be, and each has the wanted type.

        Raises:
            DataError: If a cell is missing or has another type; the message contains row and column.

        """
        raise NotImplementedError

    def read(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read columns of a file, or of several as one: see `read_file`."""
        if not isinstance(path, Files):
            return self.read_file(path, wanted)
        tables = [self.read_file(file, wanted) for file in path.files]
        if text := several.text_in_some(tables):
            as_text = {**wanted, **{name: evolve(wanted[name], kind="text", may_be_lists=False) for name in text}}
            tables = [self.read_file(file, as_text) for file in path.files]
        path.rows[:] = [table.num_rows for table in tables]
        return several.joined(tables, path)

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report missing files, and columns that their headers do not contain."""
        of_targets = list(checks.targets_of_loss(loss, self.target_patterns))
        yield from of_targets
        if not of_targets:
            yield from of_target.classes_of_loss(loss, self.classes, self.target_patterns)
        yield from checks.weights_of_loss(loss, self.weight_column)
        for group, message in checks.inputs_of_loss(loss, self.input_patterns):
            yield OptionError("inputs", message, group, on_key=True)
        try:
            table = self.together()
        except DataError as error:
            yield OptionError(error.option[0] if error.option else "path", error.message, id="missing-file")  # type: ignore[arg-type]
            return
        try:
            names = checks.names_in(table.path, "path", self.column_names)
        except OptionError as error:
            yield error
        else:
            of_columns = list(table._check_columns(names))
            if not of_targets and not of_columns:
                chooser = Chooser(names, table.path)
                chosen = {name: chooser.chosen(patterns) for name, patterns in table.target_patterns.items()}
                of_columns = list(of_target.kinds_of_targets(table.columns, chosen, loss))
            yield from of_columns
            if not of_targets and not of_columns:  # Otherwise a target may be among the inputs by mistake.
                yield from table._check_numbers(names)
        for split, path in table.other_files.items():
            try:
                checks.names_in(path, split, self.column_names)
            except OptionError as error:
                yield error

    def _check_columns(self, names: list[str]) -> Iterator[OptionError]:
        """Report columns that the header does not contain, and shapes that do not fit the number of columns."""
        chooser = Chooser(names, self.path)
        taken = self._taken(chooser)
        unknown = False
        for pattern in self.columns or ():
            if not chooser.matching(pattern):
                unknown = True
                message = chooser.unknown(pattern).message
                yield OptionError("columns", message, pattern, on_key=True, id="unknown-column")
        named = {**self.named_columns, "targets": self.targets, "inputs": self.inputs}
        for name, given in named.items():
            for pattern, within in checks.places(given):
                try:
                    if name in self.named_columns:
                        chooser.require((pattern,))
                    elif name == "targets":
                        chooser.chosen((pattern,))
                    else:
                        chooser.chosen((pattern,), taken)
                except DataError as error:
                    unknown = True
                    advice = self.advice_about(names)
                    yield OptionError(name, error.message, *within, id="unknown-column", help=advice)
        if not unknown:
            groups = self.input_columns(names)
            kinds = kinds_of(self.columns, chooser)
            targets = {name for several in self.target_patterns.values() for name in chooser.chosen(several)}
            yield from kind_checks.check(self, groups, kinds, targets)
            if self.has_single_cells:
                yield from self._check_shapes(groups, kinds)
        for group in self.input_patterns:
            shape = of_group(self.shape, group, None)
            if shape is not None and len(shape) == 3:
                yield from self.unfit_transforms(shape)

    def _check_numbers(self, names: list[str]) -> Iterator[OptionError]:
        """Report inputs that are text, unless their kinds take text."""
        chooser, text = Chooser(names, self.path), self.text_columns(several.of(self.path)[0], names)
        taken = self._taken(chooser)
        kinds = kinds_of(self.columns, chooser)
        for group, patterns in self.input_patterns.items():
            columns = [name for name in chooser.chosen(patterns, taken) if name in text]
            for name in columns:
                if name in kinds and kinds[name].spec.reads == "number":
                    yield kind_checks.text_for_numbers(name, kinds[name], *text[name])
            columns = [name for name in columns if name not in kinds]
            if columns:
                row, cell = text[columns[0]]
                first, others = f'"{columns[0]}"', f" and {counted(len(columns) - 1, 'other')}" if columns[1:] else ""
                listed = enumerate_names(columns) if len(columns) <= MOST_NAMED else f"{first}{others}"
                where, verb = ("", "is") if len(columns) == 1 else (f" of {first}", "are")
                message = (
                    f"{listed} {verb} text (row {row + 1}{where} is {quoted_cell(cell)}), but inputs must be numbers. "
                    f"{kind_checks.advice(columns)}"
                    f"{self._others([name for name in chooser.chosen(patterns, taken) if name not in text], group)}"
                )
                if advice := self.advice_about_text(cell):
                    message = f"{message.partition(', but inputs')[0]}, but inputs must be numbers. {advice}"
                yield OptionError("inputs", message, *self._within("inputs", group))

    def _others(self, names: Sequence[str], group: str) -> str:
        """Return the advice to select the numeric columns of a group, with a leading space."""
        if not names:
            return ""
        if len(names) > MOST_NAMED:
            return " Or list the numeric columns in `inputs`."
        given = to_json(list(names))
        inputs = f"{{ {group} = {given} }}" if isinstance(self.inputs, Mapping) else given
        return f" Or select the others: inputs = {inputs}"

    def _taken(self, chooser: Chooser) -> set[str]:
        """Return the columns that cannot be inputs: targets, and those with a role of their own."""
        patterns = {pattern for several in self.target_patterns.values() for pattern in several}
        return {*self.role_columns, *(column for pattern in patterns for column in chooser.matching(pattern))}

    def input_columns(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return the columns of each group of inputs, given those of the file, if all patterns match."""
        chooser = Chooser(names, self.path)
        taken = self._taken(chooser)
        return {group: chooser.chosen(patterns, taken) for group, patterns in self.input_patterns.items()}

    def _check_shapes(self, groups: Mapping[str, list[str]], kinds: Mapping[str, Kind]) -> Iterator[OptionError]:
        """Report shapes whose number of elements differs from the number of columns."""
        for group, columns in groups.items():
            shape = of_group(self.shape, group, None)
            if shape is None or not columns or any(name in kinds for name in columns):
                continue  # How many numbers a kind makes of a cell is known once it is fitted.
            if math.prod(shape) != len(columns):
                of = f' of the inputs "{group}"' if isinstance(self.inputs, Mapping) else " of the inputs"
                yield OptionError(
                    "shape",
                    f"A row of this shape has {counted(math.prod(shape), 'number')}, but one{of} has {len(columns)}.",
                    *self._within("shape", group),
                    against=[("inputs", *self._within("inputs", group))],
                )

    def in_unit_of(self, target: "Target", numbers: "Tensor") -> "Tensor":
        """Undo the kinds of the target's columns."""
        return of_target.in_unit_of(self.columns, target, numbers)

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Read, split, standardize and encode."""
        from hookline_data.rows.make_batches import prepared  # Checking a spec does not need it.

        table = self.together()
        try:
            return self.transformed(run, prepared(table, run, loss))
        except DataError as error:
            for path in (table.path, *table.other_files.values()):
                if isinstance(path, Files) and (located := path.located(error)) is not None:
                    raise located from None
            raise

    def raw_inputs(self, description: "DataDescription", objective: Objective) -> RawInputs:
        """Return the columns by name."""
        from hookline_data.raw_inputs.of_table import TableInputs
        from hookline_data.raw_inputs.transformed import with_transforms

        return with_transforms(TableInputs(self, self.original(description)), self, description, objective)

    def open_rows(
        self,
        source: Any,
        description: "DataDescription",
        objective: Objective,
        *,
        rows_per_block: int = 4096,
        with_targets: bool = False,
        keep: Sequence[str] = (),
    ) -> "Iterator[RowBlock]":
        """Yield new rows, prepared as the training rows were.

        The new rows need not have the format of the training file. `source` is one of

        - the path of a CSV file, a Parquet file, JSON lines (`.jsonl`: an object per line), or an NPZ file with an
          array for each column;
        - "-" for CSV on standard input;
        - a table or DataFrame of pandas, polars, pyarrow or any other library with the Arrow PyCapsule interface;
        - a mapping from names to columns, such as `{"width": [1.5, 2.0], "height": [3.0, 4.0]}`: lists, NumPy arrays
          or tensors. An array `(N, size)` is a column of lists;
        - a list of mappings, one for each row, such as `[{"width": 1.5, "height": 3.0}]`.

        Columns are found by name, in any order, and columns that are not needed are ignored. Numbers may be written as
        text. True and False are 1 and 0. Lists are padded to the length that they have in training, or to the longest
        one of the block if that is longer.

        The rows are streamed: memory does not grow with the file.
        """
        from hookline_data.new_rows.of_table import rows_of_table

        blocks = rows_of_table(
            self,
            source,
            self.original(description),
            objective,
            rows_per_block=rows_per_block,
            with_targets=with_targets,
            keep=keep,
        )
        return self.transformed_blocks(blocks, description)
