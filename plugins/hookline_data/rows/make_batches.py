"""Make batches from the file of a table."""

from collections.abc import Mapping, Sequence

from attrs import evolve

from hookline import Run
from hookline.data import Data, in_memory
from hookline.errors import DataError
from hookline.spec import Objective, to_json
from hookline.training import is_applied_to_each
from hookline_data.layout import checks
from hookline_data.layout.by_group import dtype_of_group, of_group
from hookline_data.layout.kinds import Kind, kinds_of
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.reading.columns import Chooser
from hookline_data.reading.text_cells import is_text, refuse_text
from hookline_data.rows import inputs
from hookline_data.rows.prepared_rows import Preparation
from hookline_data.rows.unprepared import UnpreparedRows, fitted_kinds, transformed
from hookline_data.table import Table


def prepared(table: Table, run: Run, loss: Objective) -> Data:
    """Read, split, standardize and encode a table, and return its batches.

    Raises:
        DataError: If the content of the table is invalid.

    """
    layout = _layout(table, loss, run.spec.run.dtype)
    unprepared = _parts(table, layout)
    kinds = fitted_kinds(layout, unprepared["training"])
    parts = transformed(unprepared, layout, kinds)
    del unprepared
    inputs.check_shapes(layout, parts["training"])
    for split, path in table.other_files.items():
        inputs.refuse_other_kinds(layout, parts[split], parts["training"], path)
    paths = table.paths(parts)
    sizes = {name: parts["training"].inputs[name].sizes for name in layout.inputs}
    names = {name: group.names(sizes[name], kinds) for name, group in layout.inputs.items()}
    arrays, statistics = Preparation(
        standardized=[name for name, group in layout.inputs.items() if group.is_standardized],
        exempt={name: group.exempt(sizes[name]) for name, group in layout.inputs.items() if group.kinds},
        together=layout.is_siamese,
        name=lambda group, index: names[group][index],
        paths=paths,
    ).apply(parts)
    return in_memory(
        table,
        run,
        loss,
        {split: inputs.tensors(layout, groups) for split, groups in arrays.items()},
        {split: layout.targets_of(rows.columns) for split, rows in parts.items()},
        lengths={split: rows.lengths() for split, rows in parts.items()},
        preparation=layout.described(statistics, kinds),
        source={split: str(path) for split, path in paths.items()},
    )


def _layout(table: Table, loss: Objective, dtype: str) -> Layout:
    """Choose the role of each column."""
    encodings = checks.encodings(loss, table.target_patterns)
    chooser = Chooser(table.column_names(table.path), table.path)
    splitting = () if table.split_column is None else (table.split_column,)
    chooser.require(splitting)
    kinds = kinds_of(table.columns, chooser)
    targets = {name: chooser.chosen(patterns) for name, patterns in table.target_patterns.items()}
    taken = {*(column for columns in targets.values() for column in columns), *splitting}
    groups = {}
    for name, patterns in table.input_patterns.items():
        columns = chooser.chosen(patterns, taken)
        if not columns:
            which = f' "{name}"' if isinstance(table.inputs, Mapping) else ""
            raise DataError(f"No column is left for the inputs{which}.", file=table.path)
        own = {column: kinds[column] for column in columns if column in kinds}
        groups[name] = InputColumns(
            columns=columns,
            dtype=_dtype(table, name, columns, own, dtype),
            kinds=own,
            shape=of_group(table.shape, name, None),
            standardize=bool(of_group(table.standardize, name, default=False)),
        )
    return Layout(
        path=table.path,
        inputs=groups,
        is_siamese=is_applied_to_each(groups, loss.inputs) or table.standardize == "together",
        targets=targets,
        encodings=encodings,
        losses={name: loss.name_for(name) for name in targets},
        split_column=table.split_column,
        dtype=dtype,
        missing=table.missing_marks,
    )


def _dtype(table: Table, group: str, columns: Sequence[str], kinds: Mapping[str, Kind], dtype: str) -> str:
    """Return the type of a group of inputs: int64 if its columns are indices."""
    indices = [name for name in columns if name in kinds and kinds[name].spec.gives_indices]
    if not indices:
        return dtype_of_group(table.dtype, group, dtype)
    if other := next((name for name in columns if name not in indices), None):
        message = (
            f'The column "{indices[0]}" becomes indices ({type(kinds[indices[0]].spec).__name__}), but "{other}" in '
            f'the same group of inputs, "{group}", does not. Put them into different groups: '
            f"inputs = {{ numbers = …, indices = {to_json(indices[:3])} }}."
        )
        raise DataError(message, file=table.path, columns=[indices[0]], option=("inputs",))
    return "int64"


def _parts(table: Table, layout: Layout) -> dict[str, UnpreparedRows]:
    """Read the rows of each split, without preparing them."""
    wanted = layout.wanted()
    rows = UnpreparedRows.of(table.read(table.path, wanted), layout, table.path)
    classes = next(iter(layout.targets.values()))[0] if table.stratify else None
    if classes is not None and rows.columns[classes].ndim > 1:
        raise DataError(f'Cannot stratify by "{classes}": its cells are lists.', file=table.path, columns=[classes])
    parts = table.split(rows, classes)
    # Text columns are text in the other files, too, even if all their cells look like numbers there.
    text = [name for name, cells in rows.columns.items() if is_text(cells)]
    wanted |= {name: evolve(wanted[name], kind="text", may_be_lists=False) for name in text}
    wanted |= {name: evolve(wanted[name], is_known=True) for name in rows.columns if name not in text}
    for split, path in table.other_files.items():
        Chooser(table.column_names(path), path).require(wanted)
        parts[split] = UnpreparedRows.of(table.read(path, wanted), layout, path)
        for name, cells in parts[split].columns.items():
            if not is_text(rows.columns[name]):
                refuse_text(cells, name, path, table.path)
    return parts
