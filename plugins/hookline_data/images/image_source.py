"""The options that all sources of image files share."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline import HooklineWarning, Run
from hookline.data import Data, RowField
from hookline.errors import DataError, MismatchError, OptionError, counted, enumerate_names
from hookline.spec import DataSpec, Objective, RawInputs, option, spec
from hookline_data.images.image_format import ImageFormat, Interpolation, Mode, Resize
from hookline_data.images.transforming.source import TransformedSource

if TYPE_CHECKING:
    from hookline.data import DataDescription, RowBlock
    from hookline_data.rows.named_columns import NamedColumns
    from hookline_data.table import Table

GIB = 2**30
MOST_NAMED = 3
"""The largest number of files that a message names."""


@spec
class ImageSource(TransformedSource):
    """Image files, decoded by Pillow to numbers from 0 to 1, `(channels, height, width)`.

    Every image is decoded once before training begins, so that one that cannot be read is known. Images in memory have
    8 bits per value; each batch is converted to the floating-point type of the run.
    """

    mode: Mode = "RGB"
    """The channels: "RGB", "L" (gray) or "RGBA". Other images are converted."""
    size: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """Height and width to which all images are resized, or one number for both. Default: all images must have the same
    size."""
    resize: Resize = option(default="crop", only_with=("size",))
    """What to do with other proportions: "crop" the center, "pad" with black, or "stretch"."""
    interpolation: Interpolation = option(default="bilinear", only_with=("size",))
    """How to compute the pixels of a resized image."""
    upright: bool = True
    """Turn images as the orientation in their EXIF data says. (torchvision does not.)"""
    cache: float = option(default=2.0, minimum=0)
    """How many GiB of decoded images to keep in memory. Images beyond that are decoded again in each epoch, by threads,
    ahead of the training."""
    skip_unreadable: bool = False
    """Leave out images that cannot be read, with a warning that counts them. Otherwise they are an error."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an invalid size."""
        if isinstance(self.size, tuple) and len(self.size) != 2:
            yield OptionError("size", "This must be the height and the width, or one number for both.")

    @property
    def image_format(self) -> ImageFormat:
        """What every image is converted to."""
        size = (self.size, self.size) if isinstance(self.size, int) else self.size
        return ImageFormat(
            mode=self.mode,
            size=None if size is None else (size[0], size[1]),
            resize=self.resize,
            interpolation=self.interpolation,
            upright=self.upright,
        )

    def check_images(self) -> Iterator[OptionError]:
        """Report transforms that do not take these images, as far as options can tell."""
        if self.image_format.size is not None:
            yield from self.unfit_transforms((self.image_format.channels, *self.image_format.size))

    def prepare_images(
        self, run: Run, loss: Objective, table: "Table", column: str, folder: Path | None, *, is_folder: bool
    ) -> Data:
        """Read a table whose column has the paths of images, and return batches with the images.

        Relative paths are relative to `folder`, or to the table; with `is_folder` the table itself is a folder.
        """
        import torch

        from hookline_data.images.array_images import image_examples
        from hookline_data.images.image_batches import image_data, indices_of
        from hookline_data.images.image_column import TrainingImages, reading_images
        from hookline_data.images.store import ImageReader
        from hookline_data.images.transforming.batches import transformed_data

        def folder_of(path: Path) -> Path:
            return path if is_folder else path.parent if folder is None else folder

        def report(path: Path, wrong: Mapping[int, str], cells: Sequence[str]) -> None:
            self._report(path, wrong, cells, column, is_folder=is_folder)

        images = TrainingImages(
            ImageReader(self.image_format, self.cache * GIB), report, folder_of, skips=self.skip_unreadable
        )
        reading = reading_images(table, column, images, **self._batching())
        on_cpu = copy(run)  # Indices are looked up on the CPU; the batches are moved to the device.
        on_cpu.device = torch.device("cpu")
        data = reading.prepare(on_cpu, loss)
        group = self._group(data.preparation, column)
        store = images.store()
        statistics = store.statistics(indices_of(data.training, group))
        described = {**data.preparation[group], "images": self._described()}
        data = evolve(
            image_data(data, group, store, run),
            preparation={**data.preparation, group: described},
            examples=image_examples(data.examples, column, group, images.index, store),
        )
        if not self.transforms:
            return data
        return transformed_data(data, self.transforms, run, self.batch_size, {group: statistics})

    def open_images(
        self,
        table: "NamedColumns",
        column: str,
        source: Any,
        description: "DataDescription",
        objective: Objective,
        *,
        folders: Sequence[Path],
        rows_per_block: int,
        with_targets: bool,
        keep: Sequence[str],
    ) -> "Iterator[RowBlock]":
        """Yield new rows of a table whose column has the paths of images; relative ones are looked for in `folders`.

        A mapping may have the pixels of the images instead, uint8 `(N, C, H, W)`, under the name of their group.
        The column of `EncodedRows` has the images themselves.
        """
        from hookline_data.images.array_images import rows_with_pixels
        from hookline_data.images.encoded import EncodedRows
        from hookline_data.images.image_column import NewImages, with_column
        from hookline_data.new_rows.of_table import rows_of_table

        group = self._group(description.preparation, column)
        original = self.original(description)
        known = original.inputs[group]
        if isinstance(source, Mapping) and group in source:
            options: dict[str, Any] = {"rows_per_block": rows_per_block, "with_targets": with_targets, "keep": keep}
            blocks = rows_with_pixels(table, source, original, objective, group, **options)
            return self.transformed_blocks(blocks, description)
        encoded = source if isinstance(source, EncodedRows) else None
        images = NewImages(self.image_format, self.cache * GIB, known.shape, folders if encoded is None else None)
        indices = {**original.inputs, group: evolve(known, shape=(1,), dtype="int64")}
        blocks = rows_of_table(
            with_column(table, column, images.column()),
            source if encoded is None else encoded.rows,
            evolve(original, inputs=indices),
            objective,
            rows_per_block=rows_per_block,
            with_targets=with_targets,
            keep=keep,
        )

        def with_images() -> "Iterator[RowBlock]":
            import torch

            cpu = torch.device("cpu")
            for block in blocks if encoded is None else encoded.named(blocks):
                if block.batch is None:
                    yield block
                    continue
                assert images.store is not None
                rows = block.batch.inputs[group].reshape(-1)
                [pixels] = images.store.batches(iter([rows]), cpu)
                inputs = {**block.batch.inputs, group: pixels.to(known.torch_dtype).div_(255)}
                yield evolve(block, batch=evolve(block.batch, inputs=inputs))

        return self.transformed_blocks(with_images(), description)

    def image_fields(self, table: "NamedColumns", column: str, description: "DataDescription") -> list[RowField]:
        """Return the columns of a table, of which one is an image in base64."""
        from hookline_data.images.encoded import gray_image
        from hookline_data.images.image_column import path_column, with_column
        from hookline_data.json_fields.of_table import fields_of_table

        original = self.original(description)
        shape = original.inputs[self._group(description.preparation, column)].shape
        return [
            evolve(field, example=gray_image(self.mode, shape)) if field.cell == "image" else field
            for field in fields_of_table(with_column(table, column, path_column()), original)
        ]

    def image_inputs(
        self, table: "NamedColumns", column: str, description: "DataDescription", objective: Objective
    ) -> RawInputs:
        """Return the pixels of images, and the other columns of their table, as inputs of a deployed model."""
        from hookline_data.raw_inputs.of_images import ImageInputs
        from hookline_data.raw_inputs.transformed import with_transforms

        group = self._group(description.preparation, column)
        plain: DataSpec = evolve(cast("Any", self), transforms=())
        inputs = ImageInputs(plain, table, self.original(description), objective, group)
        return with_transforms(inputs, self, description, objective)

    def _batching(self) -> dict[str, Any]:
        return {"batch_size": self.batch_size, "shuffle": self.shuffle, "drop_last": self.drop_last}

    def _described(self) -> dict[str, Any]:
        """Describe how a file becomes an image, as JSON-compatible values."""
        known = self.image_format
        size = None if known.size is None else list(known.size)
        resizing = {} if size is None else {"resize": known.resize, "interpolation": known.interpolation}
        return {"mode": known.mode, "size": size, **resizing, "upright": known.upright, "divided_by": 255}

    def _group(self, preparation: Mapping[str, Any], column: str) -> str:
        """Return the group of inputs that consists of the images."""
        groups = [name for name, group in preparation.items() if column in group.get("kinds", ())]
        if len(groups) != 1:
            found = enumerate_names(groups) if groups else "none"
            message = f'"{column}" must be in one group of inputs, but is in {found}.'
            raise MismatchError(message, ("data", "source", "inputs"))
        return groups[0]

    def _report(
        self, path: Path, wrong: Mapping[int, str], cells: Sequence[str], column: str, *, is_folder: bool
    ) -> None:
        """Warn about the images that cannot be read, or raise an error for the first."""
        from hookline_data.reading.columns import cell_error

        row, message = next(iter(wrong.items()))
        if self.skip_unreadable:
            names = [cells[row] for row in list(wrong)[:MOST_NAMED]]
            listed = enumerate_names([*names, "others"] if len(wrong) > len(names) else names)
            skipped = f"{path}: {counted(len(wrong), 'image')} of {len(cells):,} cannot be read and will be skipped"
            warnings.warn(HooklineWarning(f"{skipped}: {listed}. {message}", id="skipped-images"), stacklevel=6)
            return
        others = f" {counted(len(wrong) - 1, 'other image')} cannot be read, either." if len(wrong) > 1 else ""
        message = f"{message}{others} To leave such images out, set `skip_unreadable = true`."
        if is_folder:
            of = cells[row].partition("/")[0]
            raise DataError(f'{message} It is of the class "{of}".', file=path / cells[row])
        raise cell_error(path, row, column, message=f'"{cells[row]}": {message}')
