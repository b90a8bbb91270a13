"""What tables of all file formats have in common: their options, and the way from columns to batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hookline import Run
from hookline.data import Data
from hookline.errors import DataError, OptionError, counted, did_you_mean, enumerate_names, quoted_cell
from hookline.spec import LossSpec, option, spec, to_json
from hookline_data.layout import checks
from hookline_data.layout.by_group import DType, Patterns, Standardize, named, of_group
from hookline_data.reading.columns import Chooser, Wanted
from hookline_data.rows.split_file import SplitFile

if TYPE_CHECKING:
    import pyarrow

MOST_NAMED = 4
"""How many columns that are text are named at most."""


@spec
class Table(SplitFile):
    """A file with a row for each example and columns with names, held in memory."""

    has_single_cells: ClassVar[bool] = False
    """Whether a cell cannot be a list, so that a row has as many numbers as there are columns."""

    inputs: Patterns | Mapping[str, Patterns] = "*"
    """The columns that the model is given, by names or patterns such as `pixel_*`, where `*` is all others; a table of
    them makes several groups of inputs, such as `{ anchor = "a_*", positive = "p_*", negative = "n_*" }`."""
    targets: Patterns | Mapping[str, Patterns] | None = None
    """The column, or columns, that it is to predict; a table of them makes several targets, and it is left out for a
    loss that takes none."""
    dtype: DType | Mapping[str, DType] | None = None
    """The type of the inputs, for all groups or by group: "int64" is for the indices that an embedding takes. Left out,
    the `dtype` of [run]."""
    shape: tuple[int, ...] | Mapping[str, tuple[int, ...]] | None = option(default=None, minimum=1)
    """The shape of a row of inputs, such as `[1, 8, 8]` for an image in 64 columns, for all groups or by group; left
    out, one dimension."""
    standardize: Standardize = False
    """Whether each input column gets mean 0 and variance 1, by the statistics of the training split, for all groups or
    by group. Groups to each of which the model is applied by itself, as to `anchor` and `positive`, have their
    statistics in common, those of their first columns, of their second ones and so on, so that equal rows stay equal;
    and so have all groups if it is "together", for a model that applies the same layers to each, such as `Siamese`."""

    def conflicts(self) -> Iterator[OptionError]:
        """Splits, groups and types that do not go together."""
        yield from super().conflicts()
        yield from self._group_conflicts()
        if self.stratify and not self.target_patterns:
            yield OptionError("stratify", "Classes are those of the target, and there are no `targets`.")

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
                    f'Integers are not standardized, and the inputs "{group}" have the type "int64".',
                    *self._within("standardize", group),
                )

    def _within(self, name: str, group: str) -> tuple[str, ...]:
        """Where in an option a group stands."""
        return (group,) if isinstance(getattr(self, name), Mapping) else ()

    @property
    def input_patterns(self) -> Mapping[str, tuple[str, ...]]:
        """The names and patterns of the columns of each group of inputs; the only one is called "input"."""
        return named(self.inputs, "input")

    @property
    def target_patterns(self) -> Mapping[str, tuple[str, ...]]:
        """The names and patterns of the columns of each target; the only one is called "target"."""
        return named(self.targets, "target")

    def column_names(self, path: Path) -> list[str]:
        """The names of the columns of a file.

        Raises:
            DataError: if the file cannot be read, or has two columns of one name.

        """
        raise NotImplementedError

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """The columns of a file that are certainly text, as far as that is known fast: a row, from 0, and its cell."""
        return {}

    def read(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """These columns of a file: every cell is there, and is of the kind that is wanted.

        Raises:
            DataError: if a cell is not; names row and column.

        """
        raise NotImplementedError

    def check(self, loss: LossSpec | None) -> Iterator[OptionError]:
        """The files that are not there, and the columns that are not in their headers."""
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
            if not of_targets and not of_columns:  # Else a column may be an input by mistake.
                yield from self._check_numbers(names)
        for split, path in self.other_files.items():
            try:
                checks.names_in(path, split, self.column_names)
            except OptionError as error:
                yield error

    def _check_columns(self, names: list[str]) -> Iterator[OptionError]:
        """The columns that are not among the names of a header, and shapes of more or fewer numbers than there are."""
        chooser = Chooser(names, self.path)
        taken = self._taken(chooser)
        unknown = False
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

    def _check_numbers(self, names: list[str]) -> Iterator[OptionError]:
        """The inputs that are text."""
        chooser, text = Chooser(names, self.path), self.text_columns(self.path, names)
        taken = self._taken(chooser)
        for group, patterns in self.input_patterns.items():
            columns = [name for name in chooser.chosen(patterns, taken) if name in text]
            if columns:
                row, cell = text[columns[0]]
                first, others = f'"{columns[0]}"', f" and {counted(len(columns) - 1, 'other')}" if columns[1:] else ""
                listed = enumerate_names(columns) if len(columns) <= MOST_NAMED else f"{first}{others}"
                where, verb = ("", "is") if len(columns) == 1 else (f" of {first}", "are")
                message = (
                    f"{listed} {verb} text (row {row + 1}{where} is {quoted_cell(cell)}), and inputs are numbers."
                    f"{self._others([name for name in chooser.chosen(patterns, taken) if name not in text], group)}"
                )
                yield OptionError("inputs", message, *self._within("inputs", group))

    def _others(self, names: Sequence[str], group: str) -> str:
        """What to write for the columns of a group that are numbers, in a sentence that begins with a space."""
        if not names:
            return ""
        if len(names) > MOST_NAMED:
            return " Name the columns that are numbers in `inputs`."
        given = to_json(list(names))
        return f" Name the others: inputs = {f'{{ {group} = {given} }}' if isinstance(self.inputs, Mapping) else given}"

    def _taken(self, chooser: Chooser) -> set[str]:
        """The columns that are targets, or say the split, and so no inputs."""
        splitting = () if self.split_column is None else (self.split_column,)
        targets = {pattern for patterns in self.target_patterns.values() for pattern in patterns}
        return {*splitting, *(column for target in targets for column in chooser.matching(target))}

    def _check_shapes(self, chooser: Chooser, taken: set[str]) -> Iterator[OptionError]:
        """The shapes that are not those of as many numbers as a row has columns."""
        for group, patterns in self.input_patterns.items():
            shape = of_group(self.shape, group, None)
            columns = [] if shape is None else chooser.chosen(patterns, taken)
            if shape is not None and columns and math.prod(shape) != len(columns):
                of = f' of the inputs "{group}"' if isinstance(self.inputs, Mapping) else " of the inputs"
                yield OptionError(
                    "shape",
                    f"A row of this shape has {counted(math.prod(shape), 'number')}, and one{of} has {len(columns)}.",
                    *self._within("shape", group),
                    against=[("inputs", *self._within("inputs", group))],
                )

    def prepare(self, run: Run, loss: LossSpec) -> Data:
        """Read, split, standardize and encode."""
        from hookline_data.rows.prepare import prepared  # A spec can be checked without it.

        return prepared(self, run, loss)
