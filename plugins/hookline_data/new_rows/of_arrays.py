"""New rows for a run that was trained with arrays."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import DataDescription, RowBlock
from hookline.errors import DataError
from hookline.spec import Objective
from hookline_data.new_rows.array_parts import parts_of_file, parts_of_mapping
from hookline_data.new_rows.blocks import ReadRows, blocks
from hookline_data.new_rows.chunks import BadCells
from hookline_data.new_rows.of_table import run_dtype
from hookline_data.new_rows.python_rows import as_arrow, unknown_source
from hookline_data.new_rows.roles import EncodedTarget, Group, groups_of, targets_of
from hookline_data.new_rows.tensors import not_finite
from hookline_data.new_rows.weights import with_weights
from hookline_data.numpy_arrays import cells as array_cells
from hookline_data.numpy_arrays.npz_file import array_names
from hookline_data.preparing.standardize import prepared
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


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
                    saying,
                    found[saying],
                    array_cells.check_lengths(found[saying], saying, found[name], name, least, place),
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
                cells, checks = array_cells.check_sequences(found[name], known.get(name), self.missing, name, place)
            else:
                is_dense = name in target.known.columns
                cells, checks = array_cells.check_target(
                    found[name], self.dtype, self.missing, name, place, is_dense=is_dense
                )
            unread = _bad(name, found[name], checks)
            if target.drops_missing:
                is_missing = array_cells.is_missing(found[name], self.missing)
                unread = [rest for one in unread for rest in one.outside(is_missing)]
                unread += BadCells.where(name, is_missing, lambda _: ("It is missing.", None), "target")
            bad += unread
            if cells.ndim == 1 or target.is_of_sequences or name in target.known.columns:
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
    weight_column: str | None,
    missing: tuple[str, ...],
    drops_missing: bool,
    rows_per_block: int,
    with_targets: bool,
    keep: Sequence[str],
    ids: Sequence[str] = (),
) -> Iterator[RowBlock]:
    """Yield new rows, prepared as the training rows were: see `NamedArrays.open_rows`. They may lack `ids`."""
    groups = groups_of(description, "array")
    dtype = run_dtype(description)
    of_inputs = [group.columns[0] for group in groups.values()]
    roles = ArrayRoles(
        groups=groups,
        targets=targets_of(description, objective, drops_missing=drops_missing) if with_targets else {},
        target_arrays=target_arrays,
        lengths=dict.fromkeys(of_inputs, lengths) if isinstance(lengths, str) else lengths or {},
        missing=missing,
        dtype=str(dtype).removeprefix("torch."),
    )
    place: Place = "the arrays"
    is_file = isinstance(source, (str, Path)) and source != "-"
    given: Collection[str] = ()
    if (with_targets and weight_column is not None) or ids:
        given = array_names(Path(source)) if is_file else source if isinstance(source, Mapping) else ()
    weights = weight_column if with_targets and weight_column in given else None
    keep = [name for name in keep if name in given or name not in ids]
    kept = list(dict.fromkeys([*keep, *([] if weights is None else [weights])]))
    names = list(dict.fromkeys([*roles.names, *kept]))
    if is_file:
        place = Path(source)
        parts = parts_of_file(Path(source), names, rows_per_block)
    elif isinstance(source, Mapping):
        parts = parts_of_mapping(source, names, rows_per_block)
    else:
        raise unknown_source(source, "the path of an NPZ file, or a mapping of arrays")
    return with_weights(_blocks(parts, roles, rows_per_block, kept, place, dtype), weights, keep, dtype, place)


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
    checks = array_cells.check_inputs(array, lengths, group.dtype_when_read, name, place)
    bad = _bad(name, array, checks)
    is_step = ... if lengths is None else numpy.arange(array.shape[1]) < lengths[:, None]
    made = numpy.zeros(array.shape, dtype=group.dtype)
    with numpy.errstate(over="ignore", invalid="ignore"):  # It is reported.
        made[is_step] = prepared(array[is_step], group.mean, group.std, group.dtype)
    if group.mean is not None and not (fits := numpy.isfinite(made)).all():
        rows = len(array)
        bad += not_finite(name, array.reshape(rows, -1), fits.reshape(rows, -1), group, has_elements=False)
    return made, bad


def _bad(name: str, array: "NDArray[Any]", checks: "array_cells.Checks") -> list[BadCells]:
    """Return the rows with values that are not valid."""
    bad: list[BadCells] = []
    for fits, what in checks:
        flat, values = fits.reshape(len(fits), -1), array.reshape(len(array), -1)

        def explain(row: int, flat: Any = flat, values: Any = values, what: str = what) -> tuple[str, None]:
            return f"{values[row, flat[row].argmin()]} {what}.", None

        bad += BadCells.where(name, ~flat.all(axis=1), explain)
    return bad
