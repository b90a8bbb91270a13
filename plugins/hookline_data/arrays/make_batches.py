"""Make batches of the arrays of a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import Run
from hookline.data import Data, Encoding, Sequences, in_memory
from hookline.errors import DataError, MismatchError, did_you_mean, enumerate_names
from hookline.spec import Objective
from hookline.training import is_applied_to_each
from hookline_data.arrays import cells as array_cells, npz_file
from hookline_data.arrays.array_layout import ArrayLayout, InputArray
from hookline_data.layout import checks, targets as of_target
from hookline_data.layout.by_group import dtype_of_group, of_group
from hookline_data.npz import NPZ
from hookline_data.rows.rows import Rows
from hookline_data.rows.weights import weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def prepared(source: NPZ, run: Run, loss: Objective) -> Data:
    """Read, split, standardize and encode the arrays of a file, and return their batches.

    Raises:
        DataError: If the content of the file is invalid.

    """
    layout = _layout(source, loss, run.spec.run.dtype)
    parts, left_out, dropped = _parts(source, layout)
    paths = source.paths(parts)
    groups, statistics = layout.prepared(parts, paths)
    return in_memory(
        source,
        run,
        loss,
        {split: _tensors(several) for split, several in groups.items()},
        {split: layout.targets_of(rows) for split, rows in parts.items()},
        lengths={split: rows.lengths() for split, rows in parts.items()},
        weights=weights_of(parts, source.weight_column, paths),
        classes=of_target.classes_of(source.classes, source.target_arrays),
        dropped=dropped,
        preparation={name: {"array": group.array, **statistics.get(name, {})} for name, group in layout.inputs.items()},
        left_out=left_out,
        sampling=source.sampling(parts["training"].columns),
        source={split: str(path) for split, path in paths.items()},
    )


def _layout(source: NPZ, loss: Objective, dtype: str) -> ArrayLayout:
    """Choose the role of each array."""
    encodings = checks.encodings(loss, source.target_arrays)
    targets = [name for several in source.target_arrays.values() for name in several]
    lengths = source.lengths.values() if isinstance(source.lengths, Mapping) else (source.lengths,)
    taken = {*targets, *source.role_columns, *lengths}
    groups = source.groups([name for name in npz_file.array_names(source.path) if name not in taken])
    if not groups:
        raise DataError("No array is left for the inputs.", file=source.path)
    return ArrayLayout(
        path=source.path,
        inputs={
            group: InputArray(
                array=name,
                dtype=dtype_of_group(source.dtype, group, dtype),
                standardize=bool(of_group(source.standardize, group, default=False)),
            )
            for group, name in groups.items()
        },
        is_siamese=is_applied_to_each(groups, loss.inputs) or source.standardize == "together",
        targets=source.target_arrays,
        encodings=encodings,
        lengths=_lengths(source, groups, encodings, loss.name_for(None)),
        splitting=source.wanted_to_split,
        weight_column=source.weight_column,
        dtype=dtype,
        missing=source.missing_marks,
    )


def _lengths(source: NPZ, groups: Mapping[str, str], encodings: Mapping[str, Encoding], loss: str) -> Mapping[str, str]:
    """Return the array of lengths of each array of padded sequences."""
    given = source.lengths
    if given is None:
        return {}
    if isinstance(given, str):
        if len(groups) > 1:
            names = enumerate_names(groups)
            message = f"There are several groups of inputs, {names}: use a table to assign the lengths."
            raise MismatchError(message, ("data", "lengths"))
        return dict.fromkeys(groups.values(), given)
    targets = {name: target for target, several in source.target_arrays.items() for name in several}
    for name in given:
        if name not in (*groups.values(), *targets):
            near = did_you_mean(name, (*groups.values(), *targets))
            raise MismatchError(f'No input or target is called "{name}".{near}', ("data", "lengths", name))
        if name in targets and not isinstance(encodings[targets[name]], Sequences):
            message = f'"{name}" is a target, but {loss} takes no sequences, so it cannot have lengths.'
            raise MismatchError(message, ("data", "lengths", name))
    return given


def _parts(source: NPZ, layout: ArrayLayout) -> tuple[dict[str, Rows], dict[str, int], dict[str, int]]:
    """Read the rows of each split, without preparing them.

    Returns them, how many rows are in no split, by reason, and how many are dropped without a target, by array.
    """
    found, dropped = _complete(source, layout.read(source.path, with_split=True), source.path)
    rows = layout.rows(found, source.path)
    first_target = next((arrays[0] for arrays in source.target_arrays.values()), None)

    def cells(name: str) -> "NDArray[Any]":
        return rows.columns[name] if name in rows.columns else found[name]

    parts, left_out = source.split(rows, cells, first_target)
    for split, path in source.other_files.items():
        others, more = _complete(source, layout.read(path, with_split=False), path)
        dropped = {name: dropped.get(name, 0) + more.get(name, 0) for name in {**dropped, **more}}
        layout.refuse_other_shapes(others, found, path)
        parts[split] = layout.rows(others, path)
    return parts, left_out, dropped


def _complete(
    source: NPZ, found: "dict[str, NDArray[Any]]", path: Path
) -> "tuple[dict[str, NDArray[Any]], dict[str, int]]":
    """Return the rows whose targets are known, and how many are not, by array, if such rows are to be dropped."""
    if source.missing_targets == "refuse":
        return found, {}
    names = list(dict.fromkeys(name for several in source.target_arrays.values() for name in several))
    missing = {name: array_cells.is_missing(found[name], source.missing_marks) for name in names if name in found}
    dropped = {name: int(rows.sum()) for name, rows in missing.items() if rows.any()}
    if not dropped:
        return found, {}
    import numpy

    kept = ~numpy.logical_or.reduce(list(missing.values()))
    if not kept.any():
        raise DataError("Every row lacks a target.", file=path)
    return {name: array[kept] for name, array in found.items()}, dropped


def _tensors(groups: "Mapping[str, NDArray[Any]]") -> "dict[str, Tensor]":
    import torch

    return {name: torch.from_numpy(values) for name, values in groups.items()}
