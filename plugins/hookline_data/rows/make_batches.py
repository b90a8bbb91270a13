"""Make batches from the file of a table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve

from hookline import Run
from hookline.data import Data, PreparedColumn, in_memory
from hookline.errors import DataError, MismatchError, counted
from hookline.spec import Objective
from hookline.training import is_applied_to_each
from hookline_data.layout import checks
from hookline_data.layout.by_group import dtype_of_group, of_group
from hookline_data.layout.kinds import FittedKind, Kind, kinds_of, wrong_mixture
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.layout.targets import classes_of, kinds_of_targets
from hookline_data.preparing.prepared_rows import Preparation
from hookline_data.reading.columns import Chooser
from hookline_data.reading.text_cells import is_text, refuse_text
from hookline_data.rows import ids, inputs, missing_cells
from hookline_data.rows.target_kinds import transformed_targets, with_transforms
from hookline_data.rows.unprepared import UnpreparedRows, fitted_kinds, with_inputs
from hookline_data.rows.weights import weights_of
from hookline_data.table import Table


def prepared(table: Table, run: Run, loss: Objective) -> Data:
    """Read, split, standardize and encode a table, and return its batches.

    Raises:
        DataError: If the content of the table is invalid.

    """
    layout = layout_of(table, loss, run.spec.run.dtype)
    unprepared, left_out = _parts(table, layout)
    _note_dropped(run, unprepared)
    kinds = fitted_kinds(layout, unprepared["training"])
    parts = with_inputs(unprepared, layout, kinds)
    targets = {split: transformed_targets(rows, layout, kinds) for split, rows in unprepared.items()}
    dropped = _dropped(unprepared)
    row_numbers = {split: rows.numbers for split, rows in unprepared.items()}
    inputs.check_shapes(layout, parts["training"])
    for split, path in table.other_files.items():
        inputs.refuse_other_kinds(layout, parts[split], parts["training"], path)
    paths = table.paths(parts)
    sizes = {name: parts["training"].inputs[name].sizes for name in layout.inputs}
    names = {name: group.names(sizes[name], kinds) for name, group in layout.inputs.items()}
    examples = unprepared["training"].examples
    kept = {split: rows.kept(table) for split, rows in unprepared.items()} if layout.kept else {}
    missing = {name: sum(rows.missing[name] for rows in _files(unprepared).values()) for name in layout.kinds}
    columns = tuple(described_columns(layout, missing, kinds, sizes)) if kinds else ()
    del unprepared  # Nothing else may refer to the tables, whose cells are freed while the tensors are filled.
    arrays, statistics = Preparation(
        standardized=[name for name, group in layout.inputs.items() if group.is_standardized],
        exempt={name: group.exempt(sizes[name]) for name, group in layout.inputs.items() if group.kinds},
        together=layout.is_siamese,
        name=lambda group, index: names[group][index],
        paths=paths,
    ).apply(parts)
    data = in_memory(
        table,
        run,
        loss,
        {split: inputs.tensors(layout, groups) for split, groups in arrays.items()},
        targets,
        lengths={split: rows.lengths() for split, rows in parts.items()},
        weights=weights_of(parts, table.weight_column, paths),
        classes=classes_of(table.classes, layout.targets),
        dropped=dropped,
        preparation=layout.described(statistics, kinds, names, sizes),
        row_numbers=row_numbers,
        left_out=left_out,
        sampling=table.sampling(parts["training"].columns),
        columns=columns,
        examples=examples,
        kept=kept,
        source={split: str(path) for split, path in paths.items()},
    )
    ids.warn_of_shared(table, kept)
    if not layout.target_kinds:
        return data
    return evolve(data, targets=with_transforms(data.targets, layout, kinds))


def _files(parts: Mapping[str, UnpreparedRows]) -> dict[Path, UnpreparedRows]:
    """Return rows of each file, which know what was read of the whole file."""
    return {rows.path: rows for rows in parts.values()}


def _note_dropped(run: Run, parts: Mapping[str, UnpreparedRows]) -> None:
    """Report how many rows of each file are dropped."""
    for path, rows in _files(parts).items():
        note_dropped(run, path, rows.dropped, rows.dropped_rows, rows.table.num_rows)


def _dropped(parts: Mapping[str, UnpreparedRows]) -> dict[str, int]:
    """Return the number of rows that are dropped, by column, over all files."""
    counts: Counter[str] = Counter()
    for rows in _files(parts).values():
        counts.update(rows.dropped)
    return dict(counts)


def layout_of(table: Table, loss: Objective, dtype: str) -> Layout:
    """Choose the role of each column."""
    encodings = checks.encodings(loss, table.target_patterns)
    chooser = Chooser(table.column_names(table.path), table.path)
    splitting = table.wanted_to_split
    chooser.require([*table.role_columns, *splitting])
    kinds = kinds_of(table.columns, chooser)
    targets = {name: chooser.chosen(patterns) for name, patterns in table.target_patterns.items()}
    for problem in kinds_of_targets(table.columns, targets, loss):
        raise MismatchError(str(problem), ("data", *problem.path), id=problem.diagnostic.id)
    taken = {*(column for columns in targets.values() for column in columns), *table.role_columns}
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
        target_kinds={
            column: Kind(column, table.columns[column])
            for columns in targets.values()
            for column in columns
            if table.columns is not None and column in table.columns
        },
        drops_missing_targets=table.missing_targets == "drop",
        encodings=encodings,
        losses={name: loss.name_for(name) for name in targets},
        splitting=splitting,
        weight_column=table.weight_column,
        kept=table.always_kept,
        dtype=dtype,
        missing=table.missing_marks,
    )


def _dtype(table: Table, group: str, columns: Sequence[str], kinds: Mapping[str, Kind], dtype: str) -> str:
    """Return the type of a group of inputs: int64 if its columns are indices."""
    if message := wrong_mixture(group, columns, kinds, of_group(table.dtype, group, None)):
        raise DataError(message, file=table.path, columns=columns[:1], option=("inputs",))
    if columns[0] in kinds and kinds[columns[0]].spec.gives_indices:
        return "int64"
    return dtype_of_group(table.dtype, group, dtype)


def described_columns(
    layout: Layout,
    missing: Mapping[str, int],
    kinds: Mapping[str, FittedKind],
    sizes: Mapping[str, Sequence[int]],
) -> Iterator[PreparedColumn]:
    """Describe what becomes of each column; those without a kind are described together.

    `missing` is how many cells of each column with a kind are missing, and `sizes` how many numbers each column of a
    group becomes.
    """
    for name, group in layout.inputs.items():
        own = dict(zip(group.columns, sizes[name], strict=True))
        for column, kind in group.kinds.items():
            yield PreparedColumn(
                name=column,
                group=name,
                kind=kind.type,
                inputs=None if kind.spec.gives_sequences else own[column],
                knows=kind.spec.summary(kinds[column].fitted),
                missing=missing[column],
                drops_missing=kind.spec.drops_missing,
            )
        if plain := [column for column in group.columns if column not in group.kinds]:
            called = plain[0] if len(plain) == 1 else f"{plain[0]} and {counted(len(plain) - 1, 'other')}"
            how = "standardized" if group.standardize else "as it is" if len(plain) == 1 else "as they are"
            yield PreparedColumn(name=called, group=name, kind=how, inputs=sum(own[column] for column in plain))


def note_dropped(run: Run, path: Path, dropped: Mapping[str, int], rows: int, total: int) -> None:
    """Report how many of all rows of a file are dropped: `dropped` is how many because of each column."""
    if dropped:
        listed = ", ".join(f'{missing:,} in "{name}"' for name, missing in dropped.items())
        run.note(f"{path.name}: {rows:,} of {total:,} rows are dropped, with missing cells: {listed}.")


def _parts(table: Table, layout: Layout) -> tuple[dict[str, UnpreparedRows], dict[str, int]]:
    """Read the rows of each split, without preparing them, and count those that are in none."""
    wanted = layout.wanted()
    rows = UnpreparedRows.of(missing_cells.read(table, table.path, wanted, layout), layout, table.path)
    first_target = next((columns[0] for columns in layout.targets.values()), None)
    try:
        parts, left_out = table.split(rows, rows.cells, first_target)
    except DataError as error:
        raise error if error.row is None else error.changed(row=rows.row(error.row)) from None
    # Text columns are text in the other files, too, even if all their cells look like numbers there.
    text = [name for name, cells in rows.columns.items() if is_text(cells)]
    wanted |= {name: evolve(wanted[name], kind="text", may_be_lists=False) for name in text}
    wanted |= {name: evolve(wanted[name], is_known=True) for name in rows.columns if name not in text}
    only_to_split = layout.only_to_split
    wanted = {name: kind for name, kind in wanted.items() if name not in only_to_split}
    for split, path in table.other_files.items():
        Chooser(table.column_names(path), path).require(wanted)
        parts[split] = UnpreparedRows.of(missing_cells.read(table, path, wanted, layout), layout, path)
        for name, cells in parts[split].columns.items():
            if not is_text(rows.columns[name]):
                refuse_text(cells, name, path, table.path)
    return parts, left_out
