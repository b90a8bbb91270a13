"""Tables of all file formats: the way from columns to batches."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve

from hookline import Run
from hookline.data import Data
from hookline.errors import DataError, MismatchError, OptionError
from hookline.spec import Objective, spec
from hookline_data.files import joined_tables, several
from hookline_data.files.several import Files
from hookline_data.layout import table_checks
from hookline_data.reading.columns import Chooser, Wanted
from hookline_data.rows.named_columns import NamedColumns
from hookline_data.rows.split_file import SplitFile

if TYPE_CHECKING:
    import pyarrow

    from hookline.script import BatchNames, Script


@spec
class Table(NamedColumns, SplitFile):
    """A file with one row per example and named columns, held in memory."""

    reading_options: ClassVar[Collection[str] | None] = ("path",)
    has_single_cells: ClassVar[bool] = False
    """Whether each cell is a single value, so that a row has as many numbers as columns."""

    def without_validation(self) -> Mapping[str, Any]:
        """Return the options with which the validation rows are training rows; those of another file are read, too.

        Raises:
            OptionError: If test rows are a fraction of the rows of `path`, which then would be others.

        """
        if isinstance(self.validation, float):
            return super().without_validation()
        if isinstance(self.test, float) and self.test:
            message = "The test rows are a fraction of `path`, and would be others with the rows of `validation`."
            raise OptionError("test", message)
        given: tuple[Any, ...] = self.path, self.validation
        files = [path for one in given for path in (one if isinstance(one, tuple) else (one,))]
        return {"path": files, "validation": 0.0}

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

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str] | None]:
        """Return the columns that are certainly text, as far as a quick look can tell.

        Each comes with the index, from 0, and the text of a row, or `None` if no row was inspected.
        """
        return {}

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read columns of a file. No cell is missing, unless it may be, and each has the wanted type.

        Raises:
            DataError: If a cell is missing or has another type; the message contains row and column.

        """
        raise NotImplementedError

    def as_kept(self, name: str, cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
        """Return the cells of a column of `always_kept` as the file has them, given those that `read` returned."""
        return cells

    def read(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read columns of a file, or of several as one: see `read_file`."""
        if not isinstance(path, Files):
            return self.read_file(path, wanted)
        tables = [self.read_file(file, wanted) for file in path.files]
        if text := joined_tables.text_in_some(tables):
            as_text = {**wanted, **{name: evolve(wanted[name], kind="text", may_be_lists=False) for name in text}}
            tables = [self.read_file(file, as_text) for file in path.files]
        path.rows[:] = [table.num_rows for table in tables]
        return joined_tables.joined(tables, path)

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report missing files, and columns that their headers do not contain."""
        return table_checks.check(self, loss)

    def input_columns(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return the columns of each group of inputs, given those of the file, if all patterns match."""
        chooser = Chooser(names, self.path)
        taken = self.taken_columns(chooser)
        return {group: chooser.chosen(patterns, taken) for group, patterns in self.input_patterns.items()}

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Read, split, standardize and encode."""
        table = self.together()
        try:
            return self.transformed(run, table.prepared(run, loss))
        except DataError as error:
            for path in (table.path, *table.other_files.values()):
                if isinstance(path, Files) and (located := path.located(error)) is not None:
                    raise located from None
            raise

    def eject(self, script: "Script", run: Run, data: Data, objective: Objective) -> "BatchNames":
        """Add the lines that read the file with pyarrow, split its rows, and prepare them with NumPy."""
        from hookline_data.ejecting.table import eject_table

        return eject_table(self, script, data, objective)

    def prepared(self, run: Run, loss: Objective) -> Data:
        """Read, split, standardize and encode. Several files are already one: see `together`."""
        from hookline_data.rows.make_batches import prepared  # Checking a spec does not need it.

        return prepared(self, run, loss)
