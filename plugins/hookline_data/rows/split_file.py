"""What sources have in common that read a file and say which of its rows are for what."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.data import MISSING_MARKS
from hookline.errors import DataError, OptionError
from hookline.spec import DataSpec, option, spec
from hookline_data.rows import splits

if TYPE_CHECKING:
    from hookline_data.rows.rows import Rows


@spec
class SplitFile(DataSpec):
    """A file whose rows are for training, and some of them or those of other files for validation and test."""

    path: Path
    """The file, relative to the spec."""
    validation: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of rows that the model is judged by after each epoch, or a file with such rows."""
    test: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of rows that the model is judged by at the end, or a file with such rows."""
    stratify: bool = False
    """Whether fractions are taken of each class by itself, that is, of each value of what the first target names
    first."""
    split_seed: int = option(default=0, minimum=0)
    """What decides which rows are in which split; the run's seed does not, so that runs can be compared."""
    missing_marks: tuple[str, ...] = MISSING_MARKS
    """Texts that stand for a missing value, such as "NA": they are no names of classes, and a cell with one of them is
    an error. `[]` if all of them are names of classes; an empty cell is never one."""
    split_column: str | None = None
    """What says of each row whether it is for "training", "validation" or "test": a column, or an array of text."""

    def conflicts(self) -> Iterator[OptionError]:
        """Splits that leave no rows, or that are said twice."""
        fractions = [part for part in (self.validation, self.test) if isinstance(part, float)]
        if sum(fractions) >= 1:
            message = "With the `test` fraction it takes all rows, and none are left for training."
            yield OptionError("validation", message, against=[("test",)])
        if self.split_column is not None and (any(fractions) or len(fractions) < 2):
            yield OptionError(
                "split_column", "The column says which split a row is in: `validation` and `test` do not."
            )
        if self.stratify and not any(fractions):
            yield OptionError("stratify", "Only fractions can be stratified: give `validation` or `test` as a number.")

    @property
    def has_validation(self) -> bool | None:
        """Whether a part of the rows or a file is for validation; what a column says is not known before."""
        return None if self.split_column is not None else bool(self.validation)

    @property
    def other_files(self) -> dict[str, Path]:
        """The files of splits that are not taken of the rows of `path`."""
        named = {"validation": self.validation, "test": self.test}
        return {split: path for split, path in named.items() if isinstance(path, Path)}

    def paths(self, splits: Iterable[str]) -> dict[str, Path]:
        """The file of each of these splits."""
        return {split: self.other_files.get(split, self.path) for split in splits}

    def split(self, rows: "Rows", classes: str | None) -> "dict[str, Rows]":
        """Of the rows of `path` those that are in each split.

        `classes` is the column that fractions are stratified by; `None` if they are not.

        Raises:
            DataError: if a split has no rows, or if a row is in none.

        """
        try:
            if self.split_column is not None:
                parts = splits.by_column(rows.columns[self.split_column], self.split_column)
            else:
                parts = splits.by_fraction(
                    len(rows),
                    self.validation if isinstance(self.validation, float) else 0.0,
                    self.test if isinstance(self.test, float) else 0.0,
                    self.split_seed,
                    None if classes is None else rows.columns[classes],
                )
        except DataError as error:
            raise error.changed(file=self.path) from None
        return {split: rows.take(numbers) for split, numbers in parts.items()}
