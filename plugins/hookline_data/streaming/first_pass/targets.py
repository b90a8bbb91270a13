"""The description of the targets after the first pass."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Target, encode
from hookline.errors import DataError
from hookline.spec import Objective
from hookline_data.arrow_columns import distinct
from hookline_data.layout.kinds import FittedKind, transformed_numbers
from hookline_data.layout.layout import Layout
from hookline_data.layout.targets import ClassNames
from hookline_data.reading.cells import values
from hookline_data.reading.classified_text import classified
from hookline_data.reading.columns import Wanted
from hookline_data.reading.text_cells import is_text as has_text, refuse_text
from hookline_data.streaming.first_pass.witnesses import Witnesses

if TYPE_CHECKING:
    from numpy.typing import NDArray


def known_targets(
    layout: Layout,
    loss: Objective,
    classes: Mapping[str, ClassNames],
    witnesses: Mapping[str, Mapping[str, Witnesses]],
    paths: Mapping[str, Path],
    kinds: Mapping[str, FittedKind],
    decimal_point: str | None,
) -> dict[str, Target]:
    """Return what the training rows say about each target, and check those of all splits.

    Args:
        layout: The role of each column.
        loss: The loss, which defines the encodings.
        classes: The classes that the spec gives.
        witnesses: For each split and target, a few rows with all classes.
        paths: The files of each split.
        kinds: The kinds of columns, fitted to the training rows.
        decimal_point: The decimal sign of numbers, if they are still text in columns that may have numbers or text;
            `None` if the files say which cells are text.

    Raises:
        DataError: If a target cannot be encoded.

    """
    columns = {split: {target: dict(one.columns) for target, one in own.items()} for split, own in witnesses.items()}
    if decimal_point is not None:
        _type_texts(layout, witnesses, columns, paths, decimal_point)
    for own in columns.values():
        for cells in own.values():
            for name in cells.keys() & layout.target_kinds.keys():
                cells[name] = transformed_numbers(cells[name], kinds[name])
    _, known = encode(columns, loss, {split: str(path) for split, path in paths.items()}, classes)
    return known


def _type_texts(
    layout: Layout,
    witnesses: Mapping[str, Mapping[str, Witnesses]],
    columns: "Mapping[str, dict[str, dict[str, NDArray[Any]]]]",
    paths: Mapping[str, Path],
    decimal_point: str,
) -> None:
    """Replace text by numbers in columns that have nothing else, in the files of all splits."""
    wanted = layout.wanted()
    for target, names in layout.targets.items():
        for name in names:
            if wanted[name].kind != "any":
                continue
            one = evolve(wanted[name], decimal_point=decimal_point, may_be_missing=False)
            for path in dict.fromkeys([layout.path, *paths.values()]):
                splits = [split for split in paths if paths[split] == path]
                cells = [columns[split][target][name] for split in splits]
                numbers = [witnesses[split][target].numbers for split in splits]
                typed = _typed(cells, numbers, one, name, path, layout)
                for split, made in zip(splits, typed, strict=True):
                    columns[split][target][name] = made
                if path == layout.path:
                    as_text = evolve(one, kind="text", may_be_lists=False)
                    one = as_text if has_text(typed[0]) else evolve(one, is_known=True)


def _typed(
    cells: "Sequence[NDArray[Any]]",
    numbers: "Sequence[NDArray[Any]]",
    wanted: Wanted,
    name: str,
    path: Path,
    layout: Layout,
) -> "list[NDArray[Any]]":
    """Return the cells of a column in the splits of a file as numbers, if all of them are.

    Raises:
        DataError: If a few words are among many numbers, or if there are numbers in the file for training.

    """
    import numpy
    import pyarrow

    texts, first, codes = numpy.unique(numpy.concatenate(cells), return_index=True, return_inverse=True)
    try:
        written = distinct.encoded(pyarrow.chunked_array([pyarrow.array(texts)]))
        found = values(classified(written, wanted, name, path, "different cells"), name, layout.dtype, path)
        if wanted.is_known:
            refuse_text(found, name, path, layout.path)
    except DataError as error:
        row = None if error.row is None else int(numpy.concatenate(numbers)[first[error.row - 1]]) + 1
        raise error.changed(row=row) from None
    return numpy.split(found[codes], numpy.cumsum([len(part) for part in cells])[:-1])
