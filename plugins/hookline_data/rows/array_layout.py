"""Which arrays of a file become what, and the rows that they make."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import Columns, Encoding, Sequences
from hookline.errors import DataError
from hookline_data.reading import arrays, npz_file
from hookline_data.rows.inputs import refuse_unlike
from hookline_data.rows.preparing import Arrays, Preparation, Statistics
from hookline_data.rows.rows import Group, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen(kw_only=True)
class InputArray:
    """The array of a group of inputs, and what is done with it."""

    array: str
    """Its name."""
    dtype: str
    """The type of the tensor: that of the run, or "int64"."""
    standardize: bool
    """Whether each place of the last dimension gets mean 0 and variance 1."""

    @property
    def dtype_when_read(self) -> str:
        """The type in which numbers must be finite before they are prepared."""
        return "float64" if self.standardize else self.dtype


@frozen(kw_only=True)
class ArrayLayout:
    """Which arrays of a file become what."""

    path: Path
    """The file with the training rows, as messages call it."""
    inputs: Mapping[str, InputArray]
    """The groups of inputs."""
    is_siamese: bool
    """Whether the same layers are applied to each group of inputs."""
    targets: Mapping[str, tuple[str, ...]]
    """The arrays of each target."""
    encodings: Mapping[str, Encoding]
    """How the loss wants each target."""
    lengths: Mapping[str, str]
    """Of arrays with sequences of different lengths, the arrays that say them."""
    split_column: str | None
    """The array that says which split a row is in."""
    dtype: str
    """The floating-point type of the run."""
    missing: tuple[str, ...]
    """The texts that stand for a missing value."""

    def read(self, path: Path, *, with_split: bool) -> "dict[str, NDArray[Any]]":
        """The arrays of a file, those of the inputs first."""
        names = [group.array for group in self.inputs.values()]
        for several in self.targets.values():
            names += several
        names += self.lengths.values()
        if with_split and self.split_column is not None:
            names.append(self.split_column)
        return npz_file.read(path, dict.fromkeys(names))

    def rows(self, found: "Mapping[str, NDArray[Any]]", path: Path) -> Rows:
        """The rows that arrays make: groups of inputs, and the columns of all targets.

        Raises:
            DataError: if they are not what the model and the loss can be given; names array and row.

        """
        known = {name: self._lengths(name, found, path) for name in self.lengths}
        groups = {
            name: self._input(group, found[group.array], known.get(group.array), path)
            for name, group in self.inputs.items()
        }
        columns = {
            name: self._target(target, name, found[name], known.get(name), path)
            for target, several in self.targets.items()
            for name in several
        }
        if self.split_column is not None and self.split_column in found:
            columns[self.split_column] = arrays.names(found[self.split_column], self.split_column, path)
        return Rows(groups, columns)

    def targets_of(self, rows: Rows) -> dict[str, Columns]:
        """The columns of each target; of an array with several numbers for each row, `name[0]`, `name[1]` and so on."""
        targets: dict[str, dict[str, NDArray[Any]]] = {}
        for target, several in self.targets.items():
            targets[target] = {}
            for name in several:
                cells = rows.columns[name]
                if cells.ndim == 1 or isinstance(self.encodings[target], Sequences):
                    targets[target][name] = cells
                else:
                    targets[target] |= {f"{name}[{index}]": column for index, column in enumerate(cells.T)}
        return dict(targets)

    def refuse_other_shapes(
        self, found: "Mapping[str, NDArray[Any]]", first: "Mapping[str, NDArray[Any]]", path: Path
    ) -> None:
        """Raise a `DataError` if rows of a further file do not have the shape of those for training."""
        for name, array in found.items():
            begin = 2 if self._is_sequence(name) else 1
            if array.shape[begin:] != first[name].shape[begin:] or array.ndim != first[name].ndim:
                raise DataError(
                    f'A row of "{name}" has the shape {array.shape[1:]}, and in {self.path} it is '
                    f"{first[name].shape[1:]}.",
                    file=path,
                    columns=[name],
                )

    def prepared(self, parts: Mapping[str, Rows], paths: Mapping[str, Path]) -> tuple[Arrays, Statistics]:
        """The groups of inputs of all splits as arrays, and the statistics by which some of them were standardized.

        Raises:
            DataError: if groups that the same layers are applied to are not alike, or if a number is too great.

        """
        if self.is_siamese:
            refuse_unlike({name: group.kind() for name, group in parts["training"].inputs.items()}, self.path)
        return Preparation(
            standardized=[name for name, group in self.inputs.items() if group.standardize],
            together=self.is_siamese,
            name=lambda group, index: f"{self.inputs[group].array}[..., {index}]",
            paths=paths,
        ).apply(parts)

    def _lengths(self, of: str, found: "Mapping[str, NDArray[Any]]", path: Path) -> "NDArray[Any]":
        """The lengths of the rows of an array; inputs have a step at least, and a sequence of classes may be empty."""
        least = 1 if of in [group.array for group in self.inputs.values()] else 0
        return arrays.lengths_of(found[self.lengths[of]], self.lengths[of], found[of], of, least, path)

    def _input(self, group: InputArray, array: "NDArray[Any]", lengths: "NDArray[Any] | None", path: Path) -> Group:
        return Group(arrays.inputs(array, lengths, group.dtype_when_read, group.array, path), group.dtype, lengths)

    def _target(
        self, target: str, name: str, array: "NDArray[Any]", lengths: "NDArray[Any] | None", path: Path
    ) -> "NDArray[Any]":
        if isinstance(self.encodings[target], Sequences):
            return arrays.sequences(array, lengths, self.missing, name, path)
        return arrays.target(array, self.dtype, self.missing, name, path)

    def _is_sequence(self, name: str) -> bool:
        """Whether rows of the array may have different numbers of steps."""
        wanted = [encoding for target, encoding in self.encodings.items() if name in self.targets[target]]
        return name in self.lengths or any(isinstance(encoding, Sequences) for encoding in wanted)
