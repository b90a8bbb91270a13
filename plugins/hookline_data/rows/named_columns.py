"""The options that rows with named columns share, wherever they come from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors import MismatchError, OptionError, did_you_mean
from hookline.spec import ColumnSpec, Objective, RawInputs, option, spec
from hookline_data.layout import checks, targets as of_target
from hookline_data.layout.by_group import DType, Patterns, Standardize, named, of_group
from hookline_data.layout.kinds import cells_of
from hookline_data.reading.columns import Chooser
from hookline_data.rows.split_rows import SplitRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from hookline.data import DataDescription, RowBlock, RowField, Target
    from hookline_data.table import Table


@spec
class NamedColumns(SplitRows):
    """Rows with named columns."""

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
                    yield OptionError(name, "There must be at least one column.", *self.place_in_option(name, group))
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
                    *self.place_in_option("standardize", group),
                )

    def place_in_option(self, name: str, group: str) -> tuple[str, ...]:
        """Return the path of a group within an option: none if the option is not a table by group."""
        return (group,) if isinstance(getattr(self, name), Mapping) else ()

    @property
    def input_patterns(self) -> Mapping[str, tuple[str, ...]]:
        """The names and patterns of each group of inputs; a single group is called "input"."""
        return named(self.inputs, "input")

    @property
    def target_patterns(self) -> Mapping[str, tuple[str, ...]]:
        """The names and patterns of each target; a single target is called "target"."""
        return named(self.targets, "target")

    def taken_columns(self, chooser: Chooser) -> set[str]:
        """Return the columns that cannot be inputs: targets, and those with a role of their own."""
        patterns = {pattern for several in self.target_patterns.values() for pattern in several}
        return {*self.role_columns, *(column for pattern in patterns for column in chooser.matching(pattern))}

    def in_unit_of(self, target: "Target", numbers: "Tensor") -> "Tensor":
        """Undo the kinds of the target's columns."""
        return of_target.in_unit_of(self.columns, target, numbers)

    def check_options(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report options that the loss or other options contradict, whatever the columns are."""
        of_targets = list(checks.targets_of_loss(loss, self.target_patterns))
        yield from of_targets
        if not of_targets:
            yield from of_target.classes_of_loss(loss, self.classes, self.target_patterns)
        yield from checks.weights_of_loss(loss, self.weight_column)
        for group, message in checks.inputs_of_loss(loss, self.input_patterns):
            yield OptionError("inputs", message, group, on_key=True)
        for group in self.input_patterns:
            shape = of_group(self.shape, group, None)
            if shape is not None and len(shape) == 3:
                yield from self.unfit_transforms(shape)

    def with_rows(self, rows: Any) -> "Table":
        """Return a table of these rows with the same options.

        `rows` is one of

        - a DataFrame of pandas or polars, a table of pyarrow, or one of any other library with the Arrow PyCapsule
          interface. The index of a DataFrame of pandas is ignored;
        - a mapping from names to columns: lists, NumPy arrays, tensors, or columns of one of these libraries. An array
          `(N, …)` is a column of lists;
        - a list of mappings, one for each row;
        - a mapping from "training" and "validation" or "test" to one of these.
        """
        from hookline_data.given.given_table import given_table  # Checking a spec does not need it.

        return given_table(self, rows)

    def cells_of(
        self, group: str, numbers: Sequence[float], preparation: Mapping[str, Any]
    ) -> Mapping[str, str | float] | None:
        """Undo the kinds of the columns, as far as they can be undone."""
        return cells_of(self.columns, preparation, numbers)

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

    def row_fields(self, description: "DataDescription", objective: Objective) -> "Sequence[RowField]":
        """Return the columns that the model needs, and ids."""
        from hookline_data.json_fields.of_table import fields_of_table

        return fields_of_table(self, self.original(description))

    def rows_of_json(
        self, rows: Sequence[Mapping[str, Any]], description: "DataDescription", objective: Objective
    ) -> Any:
        """Return the rows as they are: `open_rows` takes a list of mappings."""
        return rows

    def few_rows(
        self, description: "DataDescription", objective: Objective, keep: Sequence[str] = ()
    ) -> "Callable[[Sequence[Mapping[str, Any]]], RowBlock | None] | None":
        """Return a function if all inputs are numbers or indices of single columns, without transforms."""
        from hookline_data.new_rows.few_rows import FewRows

        # A source that reads rows in its own way prepares them in its own way, too.
        usual = NamedColumns.open_rows, NamedColumns.rows_of_json
        is_usual = (type(self).open_rows, type(self).rows_of_json) == usual and set(keep) <= set(self.always_kept)
        if not is_usual or self.transforms or not FewRows.can_prepare(self, description):
            return None
        return FewRows(self, description, keep)
