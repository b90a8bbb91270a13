"""Images as arrays of pixels: examples of a run, and new rows from Python."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Batch, DataDescription, RowBlock, example_places
from hookline.errors import DataError
from hookline.spec import Objective
from hookline_data.images.store import ImageStore
from hookline_data.new_rows.of_table import rows_of_table
from hookline_data.rows.named_columns import NamedColumns

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

WHITE = 255
"""The greatest value of a pixel, which becomes 1."""


def image_examples(
    rows: Any, column: str, group: str, index: Callable[[str], int], store: ImageStore
) -> "dict[str, NDArray[Any]]":
    """Return example rows as arrays: the pixels of the images under the name of their group, and the other columns.

    Args:
        rows: example rows of the table.
        column: the column with the full paths.
        group: the group of inputs that the images are.
        index: returns the index of an image in the store.
        store: the images.

    """
    import math

    import torch

    table: pyarrow.Table = rows.filter(rows.column(column).is_valid())  # Others cannot be read, and are skipped.
    row_bytes = math.prod(store.shape) + table.nbytes // max(1, table.num_rows)
    table = table.take(example_places(table.num_rows, row_bytes)).combine_chunks()
    indices = torch.tensor([index(name) for name in table.column(column).to_pylist()])
    [pixels] = store.batches(iter([indices]), torch.device("cpu"))
    others = [name for name in table.column_names if name != column]
    return {group: pixels.numpy(), **{name: _as_array(table.column(name).combine_chunks()) for name in others}}


def rows_with_pixels(
    table: NamedColumns,
    source: Mapping[str, Any],
    description: DataDescription,
    objective: Objective,
    group: str,
    *,
    rows_per_block: int,
    with_targets: bool,
    keep: Sequence[str],
) -> Iterator[RowBlock]:
    """Yield new rows whose images are arrays of pixels; the other columns are those of the table.

    Columns to keep that the mapping lacks, such as the paths of the images, are empty.

    Raises:
        DataError: If the pixels have another type or shape than the images in training.

    """
    import numpy
    import pyarrow
    import torch

    known = description.inputs[group]
    pixels = numpy.asarray(source[group])
    if pixels.dtype != numpy.uint8 or pixels.shape[1:] != known.shape:
        message = (
            f'"{group}" must be an array of uint8 with images of the shape {known.shape}, not of {pixels.dtype} with '
            f"{pixels.shape[1:]}."
        )
        raise DataError(message, columns=[group])
    columns = {name: column for name, column in source.items() if name != group}
    absent = [name for name in keep if name not in columns]
    others = {name: one for name, one in description.inputs.items() if name != group}
    own = evolve(description, inputs=others, preparation={name: description.preparation[name] for name in others})
    if others or with_targets:
        options: dict[str, Any] = {"rows_per_block": rows_per_block, "with_targets": with_targets}
        kept = [name for name in keep if name not in absent]
        blocks = rows_of_table(table, columns, own, objective, keep=kept, **options)
    else:
        ends = range(0, len(pixels), rows_per_block)
        blocks = (RowBlock(first=at + 1, rows=len(pixels[at : at + rows_per_block]), batch=Batch({})) for at in ends)
    for block in blocks:
        begin = block.first - 1
        part = pixels[begin : begin + block.rows]
        if block.is_readable is not None:
            part = part[block.is_readable]
        images = torch.from_numpy(part.copy()).to(known.torch_dtype).div_(WHITE)
        batch = None
        if block.batch is not None:
            inputs = {name: images if name == group else block.batch.inputs[name] for name in description.inputs}
            batch = evolve(block.batch, inputs=inputs)
        empty = dict.fromkeys(absent, pyarrow.nulls(block.rows, pyarrow.string()))
        yield evolve(block, batch=batch, kept={**block.kept, **empty})


def _as_array(cells: "pyarrow.Array") -> "NDArray[Any]":
    """Return a column as an array: a missing number is NaN, a missing text is empty, a missing time is NaT."""
    import numpy
    from pyarrow import types

    if types.is_string(cells.type):
        return numpy.array(cells.fill_null("").to_pylist(), dtype=str)
    while types.is_fixed_size_list(cells.type):
        return numpy.stack([_as_array(cells.flatten())]).reshape(len(cells), -1)
    array: NDArray[Any] = cells.to_numpy(zero_copy_only=False)
    return array
