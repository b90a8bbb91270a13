"""From the file of a table to batches."""

from collections.abc import Mapping

from attrs import evolve

from hookline import Run
from hookline.data import Data, in_memory, target_encodings
from hookline.errors import DataError
from hookline.spec import LossSpec
from hookline.training import is_applied_to_each
from hookline_data.layout.by_group import dtype_of_group, of_group
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.reading.cells import is_text, refuse_text
from hookline_data.reading.columns import Chooser
from hookline_data.rows import inputs
from hookline_data.rows.preparing import Preparation
from hookline_data.rows.rows import Rows, rows_of
from hookline_data.table import Table


def prepared(table: Table, run: Run, loss: LossSpec) -> Data:
    """The batches of a table, which is read, split, standardized and encoded.

    Raises:
        DataError: if something in it is not what is wanted.

    """
    layout = _layout(table, loss, run.spec.run.dtype)
    parts = _parts(table, layout)
    inputs.check_shapes(layout, parts["training"])
    paths = table.paths(parts)
    names = {name: group.names(parts["training"].inputs[name].places) for name, group in layout.inputs.items()}
    arrays, statistics = Preparation(
        standardized=[name for name, group in layout.inputs.items() if group.standardize],
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
        preparation=layout.described(statistics),
        source={split: str(path) for split, path in paths.items()},
    )


def _layout(table: Table, loss: LossSpec, dtype: str) -> Layout:
    """Which columns of the file become what."""
    encodings = target_encodings(loss, table.target_patterns)
    chooser = Chooser(table.column_names(table.path), table.path)
    splitting = () if table.split_column is None else (table.split_column,)
    chooser.require(splitting)
    targets = {name: chooser.chosen(patterns) for name, patterns in table.target_patterns.items()}
    taken = {*(column for columns in targets.values() for column in columns), *splitting}
    groups = {}
    for name, patterns in table.input_patterns.items():
        columns = chooser.chosen(patterns, taken)
        if not columns:
            which = f' "{name}"' if isinstance(table.inputs, Mapping) else ""
            raise DataError(f"No column is left for the inputs{which}.", file=table.path)
        groups[name] = InputColumns(
            columns=columns,
            dtype=dtype_of_group(table.dtype, name, dtype),
            shape=of_group(table.shape, name, None),
            standardize=bool(of_group(table.standardize, name, default=False)),
        )
    return Layout(
        path=table.path,
        inputs=groups,
        is_siamese=is_applied_to_each(groups, loss.inputs) or table.standardize == "together",
        targets=targets,
        encodings=encodings,
        loss=type(loss).__name__,
        split_column=table.split_column,
        dtype=dtype,
        missing=table.missing_marks,
    )


def _parts(table: Table, layout: Layout) -> dict[str, Rows]:
    """The rows of each split, as they stand in the files."""
    wanted = layout.wanted()
    rows = rows_of(table.read(table.path, wanted), layout, table.path)
    classes = next(iter(layout.targets.values()))[0] if table.stratify else None
    if classes is not None and rows.columns[classes].ndim > 1:
        raise DataError(
            f'A list in "{classes}" is no class, by which rows could be stratified.', file=table.path, columns=[classes]
        )
    parts = table.split(rows, classes)
    # What is text here is text in the other files, though all of it may look like numbers there.
    text = [name for name, cells in rows.columns.items() if is_text(cells)]
    wanted |= {name: evolve(wanted[name], kind="text", may_be_lists=False) for name in text}
    wanted |= {name: evolve(wanted[name], is_known=True) for name in rows.columns if name not in text}
    for split, path in table.other_files.items():
        Chooser(table.column_names(path), path).require(wanted)
        parts[split] = rows_of(table.read(path, wanted), layout, path)
        inputs.refuse_other_kinds(layout, parts[split], rows, path)
        for name, cells in parts[split].columns.items():
            if not is_text(rows.columns[name]):
                refuse_text(cells, name, path, table.path)
    return parts
