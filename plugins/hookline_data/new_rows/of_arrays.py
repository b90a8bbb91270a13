"""New rows for a run that was trained with arrays."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import DataDescription, RowBlock
from hookline.errors import DataError, did_you_mean
from hookline.spec import Objective
from hookline_data.new_rows.arrow_rows import as_arrow, unknown_source
from hookline_data.new_rows.blocks import ReadRows, blocks
from hookline_data.new_rows.chunks import BadCells
from hookline_data.new_rows.of_table import run_dtype
from hookline_data.new_rows.roles import EncodedTarget, Group, groups_of, targets_of
from hookline_data.new_rows.tensors import not_finite
from hookline_data.reading import arrays, npz_file
from hookline_data.reading.columns import Place
from hookline_data.rows.prepared_rows import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

BLOCK = 16 * 2**20
"""About how many bytes of arrays to read at once."""


@frozen(kw_only=True)
class ArrayRoles:
    """What each array is for."""

    groups: Mapping[str, Group]
    """The groups of inputs."""
    targets: Mapping[str, EncodedTarget]
    """The targets; empty if they are not needed."""
    target_arrays: Mapping[str, Sequence[str]]
    """The arrays of each target."""
    lengths: Mapping[str, str]
    """The array of lengths of each array of sequences."""
    missing: tuple[str, ...]
    """The strings that count as missing values."""
    dtype: str
    """The floating-point type of the run."""

    @property
    def names(self) -> list[str]:
        """The names of all arrays that are needed, inputs first."""
        names = [group.columns[0] for group in self.groups.values()]
        names += [name for target in self.targets for name in self.target_arrays[target]]
        names += [self.lengths[name] for name in names if name in self.lengths]
        return list(dict.fromkeys(names))

    def read(self, found: "Arrays", place: Place) -> ReadRows:
        """Prepare rows of these arrays.

        Raises:
            DataError: If an array has another type or shape than in training.

        """
        bad: list[BadCells] = []
        known: dict[str, NDArray[Any]] = {}
        inputs, lengths = {}, {}
        of_inputs = [group.columns[0] for group in self.groups.values()]
        for name, saying in self.lengths.items():
            if name in found and saying in found:
                least = 1 if name in of_inputs else 0
                known[name] = found[saying].astype("int64", copy=True)
                wrong = _bad(
                    saying, found[saying], arrays.check_lengths(found[saying], saying, found[name], name, least, place)
                )
                for cells in wrong:
                    known[name][cells.rows] = 1
                bad += wrong
        for name, group in self.groups.items():
            inputs[name], unread = _input(group, found[group.columns[0]], known.get(group.columns[0]), place)
            bad += unread
            if group.padded:
                lengths[name] = known[group.columns[0]]
        targets = {}
        for name, target in self.targets.items():
            targets[name], unread = self._target(target, self.target_arrays[name], found, known, place)
            bad += unread
        rows = len(next(iter(inputs.values())))
        return ReadRows(rows=rows, inputs=inputs, lengths=lengths, targets=targets, bad=bad, kept={})

    def _target(
        self, target: EncodedTarget, names: Sequence[str], found: "Arrays", known: "Arrays", place: Place
    ) -> "tuple[Arrays, list[BadCells]]":
        """Return the columns of a target: an array with several numbers per row is as many columns."""
        columns: dict[str, NDArray[Any]] = {}
        bad: list[BadCells] = []
        for name in names:
            if target.is_of_sequences:
                cells, checks = arrays.check_sequences(found[name], known.get(name), self.missing, name, place)
            else:
                cells, checks = arrays.check_target(found[name], self.dtype, self.missing, name, place)
            bad += _bad(name, found[name], checks)
            if cells.ndim == 1 or target.is_of_sequences:
                columns[name] = cells
            else:
                columns |= {f"{name}[{index}]": column for index, column in enumerate(cells.T)}
        if tuple(columns) != target.known.columns:
            message = f"The target has the columns {list(columns)}, but in training {list(target.known.columns)}."
            raise DataError(message, file=place, columns=list(names))
        return columns, bad


def rows_of_arrays(
    source: Any,
    description: DataDescription,
    objective: Objective,
    *,
    target_arrays: Mapping[str, Sequence[str]],
    lengths: str | Mapping[str, str] | None,
    missing: tuple[str, ...],
    rows_per_block: int,
    with_targets: bool,
    keep: Sequence[str],
) -> Iterator[RowBlock]:
    """Yield new rows, prepared as the training rows were: see `NPZ.open_rows`."""
    groups = groups_of(description, "array")
    dtype = run_dtype(description)
    of_inputs = [group.columns[0] for group in groups.values()]
    roles = ArrayRoles(
        groups=groups,
        targets=targets_of(description, objective) if with_targets else {},
        target_arrays=target_arrays,
        lengths=dict.fromkeys(of_inputs, lengths) if isinstance(lengths, str) else lengths or {},
        missing=missing,
        dtype=str(dtype).removeprefix("torch."),
    )
    names = list(dict.fromkeys([*roles.names, *keep]))
    place: Place = "the arrays"
    if isinstance(source, (str, Path)) and source != "-":
        place = Path(source)
        parts = _of_file(Path(source), names, rows_per_block)
    elif isinstance(source, Mapping):
        parts = _of_mapping(source, names, rows_per_block)
    else:
        raise unknown_source(source, "the path of an NPZ file, or a mapping of arrays")
    return _blocks(parts, roles, rows_per_block, list(dict.fromkeys(keep)), place, dtype)


def _blocks(
    parts: "Iterator[Arrays]", roles: ArrayRoles, rows_per_block: int, keep: Sequence[str], place: Place, dtype: Any
) -> Iterator[RowBlock]:
    import pyarrow
    from attrs import evolve

    first = 1
    for found in parts:
        read = roles.read(found, place)
        kept = {name: pyarrow.chunked_array([as_arrow(found[name])]) for name in keep}
        yield from blocks(
            evolve(read, kept=kept), roles.targets, dtype, first=first, rows_per_block=rows_per_block, place=place
        )
        first += read.rows


def _of_mapping(source: Mapping[str, Any], names: Sequence[str], rows_per_block: int) -> "Iterator[Arrays]":
    import numpy

    found: dict[str, NDArray[Any]] = {}
    for name in names:
        if name not in source:
            raise DataError(f'There is no array "{name}".{did_you_mean(name, map(str, source))}', columns=[name])
        values = source[name]
        if hasattr(values, "detach") and hasattr(values, "cpu"):  # A tensor.
            values = values.detach().cpu().numpy()
        try:
            found[name] = numpy.asarray(values)
        except ValueError:
            raise DataError(f'"{name}" has rows of different lengths: pad them.', columns=[name]) from None
        if found[name].dtype.kind not in f"{npz_file.NUMBERS}U":
            message = f'"{name}" has the type {found[name].dtype}, but must have numbers or text.'
            raise DataError(message, columns=[name])
        if not found[name].ndim:
            raise DataError(f'"{name}" is a single value, so it has no rows.', columns=[name])
    npz_file.refuse_other_sizes({name: len(array) for name, array in found.items()}, "the arrays")
    size = _rows_at_once(sum(array[:1].nbytes for array in found.values()), rows_per_block)
    rows = len(found[names[0]])
    return ({name: array[at : at + size] for name, array in found.items()} for at in range(0, rows, size))


def _of_file(path: Path, names: Sequence[str], rows_per_block: int) -> "Iterator[Arrays]":
    """Yield some rows of all arrays after the others. Compressed arrays cannot be mapped, but read as streams."""
    import numpy

    with npz_file.opened(path) as file, ExitStack() as stack:
        readers: dict[str, Callable[[int, int], NDArray[Any]]] = {}
        sizes: dict[str, int] = {}
        row_bytes = 0
        for name in names:
            member, (shape, is_by_column, kind, _) = stack.enter_context(npz_file.opened_array(file, name, path))
            sizes[name] = shape[0]
            count = int(numpy.prod(shape[1:], dtype=numpy.int64))
            row_bytes += count * kind.itemsize
            if is_by_column and len(shape) > 1:  # Each row is scattered over the file.
                member.seek(0)
                whole = numpy.lib.format.read_array(member, allow_pickle=False)
                readers[name] = lambda at, rows, whole=whole: whole[at : at + rows]  # type: ignore[misc]
            else:
                readers[name] = _reader(member, shape, kind, count * kind.itemsize)
        npz_file.refuse_other_sizes(sizes, path)
        size, rows = _rows_at_once(row_bytes, rows_per_block), sizes[names[0]]
        for at in range(0, rows, size):
            yield {name: read(at, min(size, rows - at)) for name, read in readers.items()}


def _reader(member: Any, shape: tuple[int, ...], kind: Any, row_bytes: int) -> "Callable[[int, int], NDArray[Any]]":
    import numpy

    def read(at: int, rows: int) -> "NDArray[Any]":
        content = member.read(rows * row_bytes)
        if len(content) < rows * row_bytes:
            raise EOFError("It is truncated.")
        return numpy.frombuffer(content, dtype=kind).reshape(rows, *shape[1:])

    return read


def _rows_at_once(row_bytes: int, rows_per_block: int) -> int:
    """Return a multiple of the rows of a block, with about `BLOCK` bytes if a block has less."""
    return max(1, BLOCK // max(1, row_bytes * rows_per_block)) * rows_per_block


def _input(
    group: Group, array: "NDArray[Any]", lengths: "NDArray[Any] | None", place: Place
) -> "tuple[NDArray[Any], list[BadCells]]":
    """Return a group of inputs, with 0 as padding, and the rows with numbers that are not valid."""
    import numpy

    [name] = group.columns
    begin = 1 if group.padded else 0
    if array.ndim != 1 + len(group.shape) or array.shape[1 + begin :] != group.shape[begin:]:
        message = f'A row of "{name}" has the shape {array.shape[1:]}, but in training it is {group.shape}.'
        raise DataError(message, file=place, columns=[name])
    checks = arrays.check_inputs(array, lengths, group.dtype_when_read, name, place)
    bad = _bad(name, array, checks)
    is_step = ... if lengths is None else numpy.arange(array.shape[1]) < lengths[:, None]
    made = numpy.zeros(array.shape, dtype=group.dtype)
    with numpy.errstate(over="ignore", invalid="ignore"):  # It is reported.
        made[is_step] = prepared(array[is_step], group.mean, group.std, group.dtype)
    if group.mean is not None and not (fits := numpy.isfinite(made)).all():
        rows = len(array)
        bad += not_finite(name, array.reshape(rows, -1), fits.reshape(rows, -1), group, has_elements=False)
    return made, bad


def _bad(name: str, array: "NDArray[Any]", checks: "arrays.Checks") -> list[BadCells]:
    """Return the rows with values that are not valid."""
    bad: list[BadCells] = []
    for fits, what in checks:
        flat, values = fits.reshape(len(fits), -1), array.reshape(len(array), -1)

        def explain(row: int, flat: Any = flat, values: Any = values, what: str = what) -> tuple[str, None]:
            return f"{values[row, flat[row].argmin()]} {what}.", None

        bad += BadCells.where(name, ~flat.all(axis=1), explain)
    return bad
