"""The role of each array of a file, and the rows made from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import Columns, Encoding, Sequences
from hookline.errors import DataError
from hookline_data.numpy_arrays import cells as array_cells
from hookline_data.preparing.prepared_rows import Arrays, Preparation, Statistics
from hookline_data.reading.columns import Wanted
from hookline_data.rows.inputs import refuse_unlike
from hookline_data.rows.rows import Group, Rows

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


@frozen(kw_only=True)
class InputArray:
    """The array of a group of inputs, and how to prepare it."""

    array: str
    """The name of the array."""
    dtype: str
    """The type of the tensor: that of the run, or "int64"."""
    standardize: bool
    """Whether to scale each position of the last dimension to mean 0 and variance 1."""

    @property
    def dtype_when_read(self) -> str:
        """The type in which unprepared numbers must be finite."""
        return "float64" if self.standardize else self.dtype


@frozen(kw_only=True)
class ArrayLayout:
    """The role of each array of a file."""

    path: Path
    """The file with the training rows, for messages."""
    inputs: Mapping[str, InputArray]
    """The groups of inputs."""
    is_siamese: bool
    """Whether the same layers are applied to each group of inputs."""
    targets: Mapping[str, tuple[str, ...]]
    """The arrays of each target."""
    encodings: Mapping[str, Encoding]
    """The encoding of each target."""
    lengths: Mapping[str, str]
    """The array of lengths of each array of padded sequences."""
    splitting: Mapping[str, Wanted]
    """The arrays that say how to split the rows."""
    ids: Sequence[str] = ()
    """The arrays that identify the rows."""
    weight_column: str | None = None
    """The array with the weight of each row."""
    dtype: str
    """The floating-point type of the run."""
    missing: tuple[str, ...]
    """The strings that count as missing values."""

    def names(self, *, with_split: bool) -> list[str]:
        """Return the arrays to read, inputs first; those that only split the rows of `path` if `with_split`."""
        names = [group.array for group in self.inputs.values()]
        for several in self.targets.values():
            names += several
        names += self.lengths.values()
        if self.weight_column is not None:
            names.append(self.weight_column)
        if with_split:
            names += self.splitting
        return list(dict.fromkeys([*names, *self.ids]))

    def rows(self, found: "Mapping[str, NDArray[Any]]", path: Path) -> Rows:
        """Make rows of arrays: groups of inputs, and the columns of all targets.

        Raises:
            DataError: If the arrays do not suit the model or the loss; the message names array and row.

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
        if self.weight_column is not None:
            name = self.weight_column
            columns[name] = array_cells.target(found[name], self.dtype, self.missing, name, path)
        for name, wanted in self.splitting.items():
            if name in found and name not in columns:
                columns[name] = array_cells.to_split(found[name], wanted, name, path)
        for name in self.ids:
            columns.setdefault(name, array_cells.ids(found[name], name, path))
        return Rows(groups, columns)

    def kept(self, rows: Rows) -> "pyarrow.Table":
        """Return the columns that identify these rows."""
        import pyarrow

        return pyarrow.table({name: rows.columns[name] for name in self.ids})

    def targets_of(self, rows: Rows) -> dict[str, Columns]:
        """Return the columns of each target; an array with several numbers per row becomes `name[0]`, `name[1]` and so
        on.
        """
        targets: dict[str, dict[str, NDArray[Any]]] = {}
        for target, several in self.targets.items():
            targets[target] = {}
            for name in several:
                cells = rows.columns[name]
                encoding = self.encodings[target]
                if cells.ndim == 1 or isinstance(encoding, Sequences) or encoding.is_dense(cells):
                    if cells.ndim > 1 and len(several) > 1:
                        message = f'"{name}" has values of shape {cells.shape[1:]}, so it must be the only array.'
                        raise DataError(message, file=self.path, columns=[name])
                    targets[target][name] = cells
                else:
                    targets[target] |= {f"{name}[{index}]": column for index, column in enumerate(cells.T)}
        return dict(targets)

    def refuse_other_shapes(
        self, found: "Mapping[str, NDArray[Any]]", first: "Mapping[str, NDArray[Any]]", path: Path
    ) -> None:
        """Raise a `DataError` if rows of another file have a different shape than the training rows."""
        for name, array in found.items():
            begin = 2 if self._is_sequence(name) else 1
            if array.shape[begin:] != first[name].shape[begin:] or array.ndim != first[name].ndim:
                raise DataError(
                    f'A row of "{name}" has the shape {array.shape[1:]}, but in {self.path} it is '
                    f"{first[name].shape[1:]}.",
                    file=path,
                    columns=[name],
                )

    def prepared(self, parts: Mapping[str, Rows], paths: Mapping[str, Path]) -> tuple[Arrays, Statistics]:
        """Return the groups of inputs of all splits as arrays, and the statistics used to standardize them.

        Raises:
            DataError: If groups that share layers differ in shape or type, or if a number is too large.

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
        """Return the lengths of the rows of an array: at least 1 for inputs; a sequence of classes may be empty."""
        least = 1 if of in [group.array for group in self.inputs.values()] else 0
        return array_cells.lengths_of(found[self.lengths[of]], self.lengths[of], found[of], of, least, path)

    def _input(self, group: InputArray, array: "NDArray[Any]", lengths: "NDArray[Any] | None", path: Path) -> Group:
        return Group(array_cells.inputs(array, lengths, group.dtype_when_read, group.array, path), group.dtype, lengths)

    def _target(
        self, target: str, name: str, array: "NDArray[Any]", lengths: "NDArray[Any] | None", path: Path
    ) -> "NDArray[Any]":
        if isinstance(self.encodings[target], Sequences):
            return array_cells.sequences(array, lengths, self.missing, name, path)
        is_dense = self.encodings[target].is_dense(array)
        return array_cells.target(array, self.dtype, self.missing, name, path, is_dense=is_dense)

    def _is_sequence(self, name: str) -> bool:
        """Whether rows of the array may have different numbers of steps."""
        wanted = [encoding for target, encoding in self.encodings.items() if name in self.targets[target]]
        return name in self.lengths or any(isinstance(encoding, Sequences) for encoding in wanted)
