"""The base class of sources that read a file and split its rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from attrs import evolve

from hookline.data import Columns, Sampling
from hookline.errors import DataError, OptionError
from hookline.spec import option, spec
from hookline_data.files.several import Files
from hookline_data.rows.split_rows import SplitRows

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SomeRows(Protocol):
    """Rows, some of which can be taken."""

    def __len__(self) -> int: ...

    def take(self: "AnyRows", rows: "NDArray[Any]") -> "AnyRows":
        """Return some of the rows."""


AnyRows = TypeVar("AnyRows", bound=SomeRows)


if TYPE_CHECKING:
    Paths = Path  # `together` makes one path of several before anything is read.
else:
    Paths = Path | tuple[Path, ...]


@spec
class SplitFile(SplitRows):
    """A file of rows, split into training, validation and test rows, or with other files for validation and test."""

    path: Paths
    """The file, relative to the spec. A list of files of a table, or a pattern such as "part-*.csv", is read as one
    file, in the order of the list or of the names; all files must have the same columns."""
    validation: float | Paths = option(default=0.0, minimum=0, below=1)
    """The fraction of rows to validate the model on after each epoch, or a file with such rows, or several."""
    test: float | Paths = option(default=0.0, minimum=0, below=1)
    """The fraction of rows to test the model on at the end, or a file with such rows, or several."""

    def without_validation(self) -> Mapping[str, Any]:
        """Return the option that adds the validation rows to the training rows, unless they are in another file."""
        if isinstance(self.validation, float):
            return super().without_validation()
        name = type(self).__name__
        raise OptionError("validation", f"{name} cannot read training and validation rows from two files as one split.")

    def together(self) -> Self:
        """Return the same source, with a single path for the files of each split: see `Files`.

        Raises:
            DataError: If a pattern matches no file.

        """
        given = {name: getattr(self, name) for name in ("path", "validation", "test")}
        paths = {name: Files.of(value, name) for name, value in given.items() if isinstance(value, (Path, tuple))}
        if all(paths[name] is given[name] for name in paths):
            return self
        return evolve(self, **paths)  # type: ignore[misc]

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits that leave no rows, or that are defined twice."""
        for name in ("path", "validation", "test"):
            several: Any = getattr(self, name)
            if isinstance(several, tuple) and len(set(several)) < len(several):
                yield OptionError(name, "A file is listed twice.", id="invalid-value")
            if several == ():
                yield OptionError(name, "There must be at least one file.", id="invalid-value")
        yield from super().conflicts()

    @property
    def other_files(self) -> dict[str, Path]:
        """The files of splits that have their own file."""
        named = {"validation": self.validation, "test": self.test}
        return {split: path for split, path in named.items() if isinstance(path, Path)}

    def paths(self, splits: Iterable[str]) -> dict[str, Path]:
        """Return the file of each of these splits."""
        return {split: self.other_files.get(split, self.path) for split in splits}

    def sampling(self, training: Columns) -> Sampling | None:
        """Return how to sample the training rows with these columns.

        Raises:
            DataError: If a weight is negative, or if all are 0.

        """
        if self.sampler is None:
            return None
        weights = None
        if self.sample_weights is not None:
            weights = training[self.sample_weights].astype("float64")
            if (negative := weights < 0).any():
                message = (
                    f'The column "{self.sample_weights}" has {weights[negative][0]:g}, but a weight is at least 0.'
                )
                raise DataError(message, file=self.path, columns=[self.sample_weights])
            if not weights.any():
                message = f'All training rows have the weight 0 in "{self.sample_weights}".'
                raise DataError(message, file=self.path, columns=[self.sample_weights])
        return Sampling(weights=weights, num_samples=self.num_samples)

    def split(
        self, rows: "AnyRows", cells: "Callable[[str], NDArray[Any]]", first_target: str | None
    ) -> "tuple[dict[str, AnyRows], dict[str, int]]":
        """Split the rows of `path`. Also return how many rows are in no split, by the reason.

        `cells` returns the cells of a column of these rows; `first_target` is the first column of the first target.

        Raises:
            DataError: If a split has no rows, or if a row belongs to none.

        """
        from hookline_data.splitting.divide import divided  # Checking a spec does not need it.

        try:
            parted = divided(self, len(rows), cells, first_target)
        except DataError as error:
            raise error.changed(file=self.path) from None
        return {split: rows.take(numbers) for split, numbers in parted.rows.items()}, parted.left_out
