"""The base class of sources that read a file and split its rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from hookline.data import Columns
from hookline.errors import DataError, OptionError
from hookline.spec import option, spec
from hookline_data.images.transformed_source import TransformedSource
from hookline_data.reading.csv_format import MISSING_MARKS
from hookline_data.rows import splits

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SomeRows(Protocol):
    """Rows that can be split."""

    @property
    def columns(self) -> Columns:
        """The columns that are not inputs, by name."""

    def __len__(self) -> int: ...

    def take(self, rows: "NDArray[Any]") -> Self:
        """Some of the rows, in their order."""


Rows = TypeVar("Rows", bound=SomeRows)


@spec
class SplitFile(TransformedSource):
    """A file of rows, split into training, validation and test rows, or with other files for validation and test."""

    path: Path
    """The file, relative to the spec."""
    validation: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of rows to validate the model on after each epoch, or a file with such rows."""
    test: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of rows to test the model on at the end, or a file with such rows."""
    stratify: bool = False
    """Split each class separately, so that every split has the same share of each. The classes are the values of the
    first column of the first target."""
    split_seed: int = option(default=0, minimum=0)
    """The seed that assigns rows to splits. It is independent of the run's seed, so that runs can be compared."""
    missing_marks: tuple[str, ...] = MISSING_MARKS
    """Cells that count as missing values, such as "NA": a missing value is an error. Set `[]` if all of them are class
    names; an empty cell is always missing."""
    split_column: str | None = None
    """The column, or the text array, that assigns each row to "training", "validation" or "test"."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits that leave no rows, or that are defined twice."""
        fractions = [part for part in (self.validation, self.test) if isinstance(part, float)]
        if sum(fractions) >= 1:
            message = "Together with `test`, this takes all rows and leaves none for training."
            yield OptionError("validation", message, against=[("test",)])
        if self.split_column is not None and (any(fractions) or len(fractions) < 2):
            yield OptionError(
                "split_column", "The column defines the splits, so `validation` and `test` cannot be set."
            )
        if self.stratify and not any(fractions):
            yield OptionError("stratify", "Only fractions can be stratified: set `validation` or `test` to a number.")

    @property
    def has_validation(self) -> bool | None:
        """Whether there is a validation split; unknown (`None`) if a column defines the splits."""
        return None if self.split_column is not None else bool(self.validation)

    @property
    def other_files(self) -> dict[str, Path]:
        """The files of splits that have their own file."""
        named = {"validation": self.validation, "test": self.test}
        return {split: path for split, path in named.items() if isinstance(path, Path)}

    def paths(self, splits: Iterable[str]) -> dict[str, Path]:
        """Return the file of each of these splits."""
        return {split: self.other_files.get(split, self.path) for split in splits}

    def split(self, rows: Rows, classes: str | None) -> dict[str, Rows]:
        """Split the rows of `path`.

        `classes` is the column to stratify by, or `None`.

        Raises:
            DataError: If a split has no rows, or if a row is in none.

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
