"""The options that tables of all file formats share, and the way from columns to batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hookline import Run
from hookline.data import Data
from hookline.errors import DataError, MismatchError, OptionError, counted, did_you_mean, enumerate_names, quoted_cell
from hookline.spec import ColumnSpec, Objective, option, spec, to_json
from hookline_data.layout import checks
from hookline_data.layout.by_group import DType, Patterns, Standardize, named, of_group
from hookline_data.layout.kinds import kinds_of
from hookline_data.reading.columns import Chooser, Wanted
from hookline_data.rows.split_file import SplitFile

if TYPE_CHECKING:
    import pyarrow

    from hookline.data import DataDescription, RowBlock

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
    used as it is, or according to `standardize`."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits, groups and types that contradict each other."""
        yield from super().conflicts()
        yield from self._group_conflicts()
        if self.stratify and not self.target_patterns:
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

    def column_names(self, path: Path) -> list[str]:
        """Return the column names of a file.

        Raises:
            DataError: If the file cannot be read, or if two columns have the same name.

        """
        raise NotImplementedError

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Return the columns that are certainly text, as far as a quick look can tell: row index from 0, and cell."""
        return {}

    def read(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read columns of a file. No cell is missing, and each has the wanted type.

        Raises:
            DataError: If a cell is missing or has another type; the message contains row and column.

        """
        raise NotImplementedError

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report missing files, and columns that their headers do not contain."""
        of_targets = list(checks.targets_of_loss(loss, self.target_patterns))
        yield from of_targets
        for group, message in checks.inputs_of_loss(loss, self.input_patterns):
            yield OptionError("inputs", message, group, on_key=True)
        try:
            names = checks.names_in(self.path, "path", self.column_names)
        except OptionError as error:
            yield error
        else:
            of_columns = list(self._check_columns(names))
            yield from of_columns
            if not of_targets and not of_columns:  # Otherwise a target may be among the inputs by mistake.
                yield from self._check_numbers(names)
        for split, path in self.other_files.items():
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
            try:
                chooser.chosen((pattern,))
            except DataError as error:
                unknown = True
                yield OptionError("columns", error.message, pattern, on_key=True, id="unknown-column")
        for name in ("split_column", "targets", "inputs"):
            for pattern, within in checks.places(getattr(self, name)):
                try:
                    if name == "split_column":
                        chooser.require((pattern,))
                    elif name == "targets":
                        chooser.chosen((pattern,))
                    else:
                        chooser.chosen((pattern,), taken)
                except DataError as error:
                    unknown = True
                    yield OptionError(name, error.message, *within, id="unknown-column")
        if self.has_single_cells and not unknown:
            yield from self._check_shapes(chooser, taken)
        for group in self.input_patterns:
            shape = of_group(self.shape, group, None)
            if shape is not None and len(shape) == 3:
                yield from self.unfit_transforms(shape)

    def _check_numbers(self, names: list[str]) -> Iterator[OptionError]:
        """Report inputs that are text."""
        chooser, text = Chooser(names, self.path), dict(self.text_columns(self.path, names))
        taken = self._taken(chooser)
        for name, kind in kinds_of(self.columns, chooser).items():
            if kind.spec.reads == "text":
                text.pop(name, None)
        for group, patterns in self.input_patterns.items():
            columns = [name for name in chooser.chosen(patterns, taken) if name in text]
            if columns:
                row, cell = text[columns[0]]
                first, others = f'"{columns[0]}"', f" and {counted(len(columns) - 1, 'other')}" if columns[1:] else ""
                listed = enumerate_names(columns) if len(columns) <= MOST_NAMED else f"{first}{others}"
                where, verb = ("", "is") if len(columns) == 1 else (f" of {first}", "are")
                message = (
                    f"{listed} {verb} text (row {row + 1}{where} is {quoted_cell(cell)}), but inputs must be numbers."
                    f"{self._others([name for name in chooser.chosen(patterns, taken) if name not in text], group)}"
                )
                yield OptionError("inputs", message, *self._within("inputs", group))

    def _others(self, names: Sequence[str], group: str) -> str:
        """Return the advice to select the numeric columns of a group, with a leading space."""
        if not names:
            return ""
        if len(names) > MOST_NAMED:
            return " List the numeric columns in `inputs`."
        given = to_json(list(names))
        return (
            f" Select the others: inputs = {f'{{ {group} = {given} }}' if isinstance(self.inputs, Mapping) else given}"
        )

    def _taken(self, chooser: Chooser) -> set[str]:
        """Return the columns that cannot be inputs: targets and the split column."""
        splitting = () if self.split_column is None else (self.split_column,)
        targets = {pattern for patterns in self.target_patterns.values() for pattern in patterns}
        return {*splitting, *(column for target in targets for column in chooser.matching(target))}

    def input_columns(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return the columns of each group of inputs, given those of the file, if all patterns match."""
        chooser = Chooser(names, self.path)
        taken = self._taken(chooser)
        return {group: chooser.chosen(patterns, taken) for group, patterns in self.input_patterns.items()}

    def _check_shapes(self, chooser: Chooser, taken: set[str]) -> Iterator[OptionError]:
        """Report shapes whose number of elements differs from the number of columns."""
        for group, patterns in self.input_patterns.items():
            shape = of_group(self.shape, group, None)
            columns = [] if shape is None else chooser.chosen(patterns, taken)
            if shape is not None and columns and math.prod(shape) != len(columns):
                of = f' of the inputs "{group}"' if isinstance(self.inputs, Mapping) else " of the inputs"
                yield OptionError(
                    "shape",
                    f"A row of this shape has {counted(math.prod(shape), 'number')}, but one{of} has {len(columns)}.",
                    *self._within("shape", group),
                    against=[("inputs", *self._within("inputs", group))],
                )

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Read, split, standardize and encode."""
        from hookline_data.rows.make_batches import prepared  # Checking a spec does not need it.

        return self.transformed(run, prepared(self, run, loss))

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
